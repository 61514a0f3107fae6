//! Whose packs are taken.

use formwork_pack::{Pack, Trust, TrustedBy};
use minisign::KeyPair;

use crate::support::{Place, archive, small, told, zip};

fn keys() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().expect("keys can be made")
}

fn sign(keys: &KeyPair, text: &str) -> Vec<u8> {
    let signature = minisign::sign(Some(&keys.pk), &keys.sk, text.as_bytes(), None, None);
    signature
        .expect("it can be signed")
        .to_string()
        .into_bytes()
}

/// The small pack, signed over what a text is for it.
fn signed(place: &Place, keys: &KeyPair, text: impl Fn(&Pack) -> String) -> Pack {
    let mut files = small("tide", "1.0.0");
    place.put("tide.zip", &zip(&files));
    let pack = place
        .shelf
        .find(None, &archive("tide.zip"))
        .expect("the pack is sound");
    files.insert("pack.minisig".to_owned(), sign(keys, &text(&pack)));
    place.put("signed.zip", &zip(&files));
    place
        .shelf
        .find(None, &archive("signed.zip"))
        .expect("the pack is sound")
}

/// Shows a part of: C-05.
#[test]
fn a_signature_of_a_declared_key_is_trusted() {
    let place = Place::new();
    let (author, other) = (keys(), keys());
    let pack = signed(&place, &author, Pack::statement);
    let mut trust = Trust::default();
    trust
        .key("another", &other.pk.to_base64())
        .expect("it is a key");
    trust
        .key("the-author", &author.pk.to_base64())
        .expect("it is a key");
    let by = trust.judge(&pack).expect("it is trusted");
    assert_eq!(
        by,
        TrustedBy::Key {
            name: "the-author".to_owned()
        }
    );
    // The signature is no part of what it signs.
    place.put("tide.zip", &zip(&small("tide", "1.0.0")));
    let unsigned = place
        .shelf
        .find(None, &archive("tide.zip"))
        .expect("the pack is sound");
    assert_eq!(unsigned.hash, pack.hash);
}

/// Shows a part of: C-05.
#[test]
fn everything_else_is_refused_with_the_reason_unless_its_hash_is_allowed() {
    let place = Place::new();
    let (author, other) = (keys(), keys());
    let refused = |pack: &Pack| {
        let mut trust = Trust::default();
        trust
            .key("author", &author.pk.to_base64())
            .expect("it is a key");
        let text = told(&trust.judge(pack).expect_err("it is not trusted"));
        trust.allow(&format!("sha256:{}", pack.hash));
        assert_eq!(trust.judge(pack).expect("it is allowed"), TrustedBy::Hash);
        text.replace(&pack.hash, "HASH")
    };
    let mut pack = signed(&place, &other, Pack::statement);
    insta::assert_snapshot!(refused(&pack), @r#"
    the pack `tide` 1.0.0 is not trusted: it is signed with a key that is not declared
    hint: declare the key under `[trust]` in formwork.toml, or with --trust tide=KEY; or allow exactly this content with --allow HASH
    "#);
    pack = signed(&place, &author, |pack| {
        pack.statement().replace("1.0.0", "1.0.1")
    });
    insta::assert_snapshot!(refused(&pack), @r#"
    the pack `tide` 1.0.0 is not trusted: its signature names the key `author`, but is not of this content
    hint: the content was changed after it was signed: get it again, or ask its author
    "#);
    pack.signature = None;
    insta::assert_snapshot!(refused(&pack), @r#"
    the pack `tide` 1.0.0 is not trusted: it is not signed
    hint: after a look at it, allow exactly this content with --allow HASH
    "#);
    pack.signature = Some("trust me".to_owned());
    insta::assert_snapshot!(refused(&pack), @r#"
    the pack `tide` 1.0.0 is not trusted: its signature is not valid: invalid encoding in minisign data
    hint: after a look at it, allow exactly this content with --allow HASH
    "#);
}

#[test]
fn what_is_no_key_is_said_to_be_none() {
    let found = Trust::default()
        .key("author", "RWQx")
        .expect_err("it is none");
    assert_eq!(found.to_string(), "`author` is not a minisign public key");
}
