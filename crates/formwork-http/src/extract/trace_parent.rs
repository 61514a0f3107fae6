//! The W3C trace context a request belongs to.

/// A valid `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceParent<'a>(&'a str);

impl<'a> TraceParent<'a> {
    /// The trace context, when the text is one. A broken one is as good as none: the specification
    /// asks for it to be ignored.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let hex = |range: std::ops::Range<usize>| {
            bytes.get(range).filter(|part| {
                part.iter()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            })
        };
        let (version, trace, parent) = (hex(0..2)?, hex(3..35)?, hex(36..52)?);
        hex(53..55)?;
        let dashes = [2, 35, 52].iter().all(|&index| bytes[index] == b'-');
        let length = match version {
            b"ff" => false,
            b"00" => bytes.len() == 55,
            _ => bytes.len() == 55 || bytes[55] == b'-',
        };
        let zero = |part: &[u8]| part.iter().all(|&byte| byte == b'0');
        (dashes && length && !zero(trace) && !zero(parent)).then_some(Self(text))
    }

    /// The whole text.
    pub(crate) fn as_str(self) -> &'a str {
        self.0
    }

    /// The trace's identifier, 32 hexadecimal digits.
    pub(crate) fn trace_id(self) -> &'a str {
        &self.0[3..35]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn reads_valid_contexts_only() {
        let parent = TraceParent::parse(VALID).unwrap();
        assert_eq!(parent.trace_id(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(parent.as_str(), VALID);
        assert!(TraceParent::parse(&VALID.replacen("00", "cc", 1)).is_some());
        assert!(TraceParent::parse(&format!("cc{}-more", &VALID[2..])).is_some());
        for wrong in [
            String::new(),
            VALID.to_uppercase(),
            format!("{VALID}-more"),
            VALID.replacen("00", "ff", 1),
            VALID.replace('-', "_"),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01".to_owned(),
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01".to_owned(),
        ] {
            assert_eq!(TraceParent::parse(&wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            if let Some(parent) = TraceParent::parse(&text) {
                prop_assert_eq!(parent.trace_id().len(), 32);
            }
        }

        #[test]
        fn near_misses_are_read_or_refused(at in 0_usize..55, symbol in any::<char>()) {
            let mut text: Vec<char> = VALID.chars().collect();
            text[at] = symbol;
            let text: String = text.into_iter().collect();
            if let Some(parent) = TraceParent::parse(&text) {
                prop_assert_eq!(parent.trace_id().len(), 32);
            }
        }
    }
}
