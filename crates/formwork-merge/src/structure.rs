//! The merge of three trees: lists entry by entry, entries part by part, and text where nothing smaller helps.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::align::align;
use crate::conflict::{Block, Found, Kind};
use crate::render::{Piece, render};
use crate::text;
use crate::tree::{Entry, List, Order, Tree};

/// The sides contradict each other at a place that is too small for markers.
#[derive(Debug)]
pub(crate) struct Clash;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Base,
    Ours,
    Theirs,
}

/// Merges three trees of one format. Conflicts stand in the text as [`Found`] wants it.
pub(crate) fn merge(
    base: &Tree<'_>,
    ours: &Tree<'_>,
    theirs: &Tree<'_>,
    found: &mut Found,
) -> Result<String, Clash> {
    Merge {
        base,
        ours,
        theirs,
        found,
        path: Vec::new(),
    }
    .list(Some(&base.root), &ours.root, &theirs.root)
}

struct Merge<'m> {
    base: &'m Tree<'m>,
    ours: &'m Tree<'m>,
    theirs: &'m Tree<'m>,
    found: &'m mut Found,
    /// The names of the entries on the way here.
    path: Vec<String>,
}

/// One thing, as far as it is on each side.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    base: Option<usize>,
    ours: Option<usize>,
    theirs: Option<usize>,
}

/// The same list on all sides.
#[derive(Clone, Copy)]
struct Lists<'l> {
    base: Option<&'l List>,
    ours: &'l List,
    theirs: &'l List,
    /// Whose formatting the result has.
    frame: Side,
    /// Whether its entries are lines, so that markers fit between them.
    lines: bool,
}

impl<'l> Lists<'l> {
    fn of(&self, side: Side) -> Option<&'l List> {
        match side {
            Side::Base => self.base,
            Side::Ours => Some(self.ours),
            Side::Theirs => Some(self.theirs),
        }
    }

    fn entry(&self, side: Side, index: Option<usize>) -> Option<&'l Entry> {
        self.of(side)?.entries.get(index?)
    }
}

impl<'m> Merge<'m> {
    fn tree(&self, side: Side) -> &'m Tree<'m> {
        match side {
            Side::Base => self.base,
            Side::Ours => self.ours,
            Side::Theirs => self.theirs,
        }
    }

    /// The merged text of a list's whole span.
    fn list(&mut self, base: Option<&List>, ours: &List, theirs: &List) -> Result<String, Clash> {
        let frame = match theirs.entries.is_empty() {
            true if !ours.entries.is_empty() => Side::Ours,
            _ => Side::Theirs,
        };
        let mut lists = Lists {
            base,
            ours,
            theirs,
            frame,
            lines: false,
        };
        let framing = lists.of(frame).unwrap_or(theirs);
        let lines = framing.is_lines(self.tree(frame).text);
        // Whether there is a conflict must not depend on whose formatting is taken.
        lists.lines = [(ours, self.ours), (theirs, self.theirs)]
            .iter()
            .all(|(list, tree)| list.entries.is_empty() || list.is_lines(tree.text));
        let open = |list: &List| list.span.start..list.open;
        let tail = |list: &List| list.tail..list.span.end;
        let pick = |merge: &mut Self, part: &dyn Fn(&List) -> Range<usize>| {
            let base = base.map(part);
            let (ours, theirs) = (part(ours), part(theirs));
            merge.comments(base, ours, theirs, frame)
        };
        let opening = pick(self, &open)?;
        let ending = pick(self, &tail)?;
        let pieces = match theirs.order {
            Order::Keyed | Order::Union => self.free(lists)?,
            Order::Strict | Order::Chain => self.ordered(lists)?,
        };
        Ok(render(
            framing,
            self.tree(frame).text,
            lines,
            &opening,
            pieces,
            &ending,
        ))
    }

    /// Entries wherever they are: additions of both sides are kept, ours first.
    fn free(&mut self, lists: Lists<'_>) -> Result<Vec<Piece>, Clash> {
        let count = lists.base.map_or(0, |base| base.entries.len());
        let (to_ours, to_theirs) = match lists.base {
            Some(base) => (
                align(base, self.base, lists.ours, self.ours),
                align(base, self.base, lists.theirs, self.theirs),
            ),
            None => (Vec::new(), Vec::new()),
        };
        let mut slots: Vec<Slot> = (0..count)
            .map(|index| Slot {
                base: Some(index),
                ours: to_ours[index],
                theirs: to_theirs[index],
            })
            .collect();
        let mut ours_slot = vec![usize::MAX; lists.ours.entries.len()];
        let mut theirs_slot = vec![usize::MAX; lists.theirs.entries.len()];
        for (index, slot) in slots.iter().enumerate() {
            if let Some(ours) = slot.ours {
                ours_slot[ours] = index;
            }
            if let Some(theirs) = slot.theirs {
                theirs_slot[theirs] = index;
            }
        }
        // What both added is one thing if it has one name, or one content.
        let mut added: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let name = |entry: &Entry, tree: &Tree<'_>| match entry.key.is_empty() {
            true => format!("={:x}", tree.hash(entry)),
            false => entry.key.clone(),
        };
        for (index, entry) in lists.ours.entries.iter().enumerate() {
            if ours_slot[index] == usize::MAX {
                ours_slot[index] = slots.len();
                added
                    .entry(name(entry, self.ours))
                    .or_default()
                    .push(slots.len());
                slots.push(Slot {
                    ours: Some(index),
                    ..Slot::default()
                });
            }
        }
        for named in added.values_mut() {
            named.reverse();
        }
        for (index, entry) in lists.theirs.entries.iter().enumerate() {
            if theirs_slot[index] != usize::MAX {
                continue;
            }
            let twin = added.get_mut(&name(entry, self.theirs)).and_then(Vec::pop);
            theirs_slot[index] = twin.unwrap_or(slots.len());
            match twin {
                Some(twin) => slots[twin].theirs = Some(index),
                None => slots.push(Slot {
                    theirs: Some(index),
                    ..Slot::default()
                }),
            }
        }
        let rises =
            |pairs: &[Option<usize>]| pairs.iter().flatten().collect::<Vec<_>>().is_sorted();
        let by_ours = !rises(&to_ours) && rises(&to_theirs);
        let (first, second) = match by_ours {
            true => (&ours_slot, &theirs_slot),
            false => (&theirs_slot, &ours_slot),
        };
        let mut placed = vec![false; slots.len()];
        for slot in first {
            placed[*slot] = true;
        }
        // What only the second has follows what it follows there.
        let mut following: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        let mut before = None;
        for slot in second {
            match placed[*slot] {
                true => before = Some(*slot),
                false => following.entry(before).or_default().push(*slot),
            }
        }
        let mut sequence = Vec::with_capacity(slots.len());
        let mut waiting = following.remove(&None).unwrap_or_default();
        for slot in first {
            let only_first = slots[*slot].base.is_none()
                && (slots[*slot].ours.is_none() || slots[*slot].theirs.is_none());
            if !(by_ours && only_first) {
                sequence.append(&mut waiting);
            }
            sequence.push(*slot);
            waiting.extend(following.remove(&Some(*slot)).unwrap_or_default());
        }
        sequence.append(&mut waiting);
        let mut pieces = Vec::with_capacity(sequence.len());
        for slot in sequence {
            pieces.extend(self.slot(lists, slots[slot])?);
        }
        Ok(pieces)
    }

    /// What becomes of one thing; nothing if it is gone.
    fn slot(&mut self, lists: Lists<'_>, slot: Slot) -> Result<Option<Piece>, Clash> {
        let base = lists.entry(Side::Base, slot.base);
        let ours = lists.entry(Side::Ours, slot.ours);
        let theirs = lists.entry(Side::Theirs, slot.theirs);
        match (base, ours, theirs) {
            (base, Some(ours), Some(theirs)) => {
                self.path.push(theirs.key.clone());
                let piece = self.entry(lists, base, ours, theirs);
                self.path.pop();
                piece.map(Some)
            }
            (None, Some(entry), None) => Ok(Some(self.copy(lists, Side::Ours, entry))),
            (None, None, Some(entry)) => Ok(Some(self.copy(lists, Side::Theirs, entry))),
            (Some(base), Some(ours), None) => match self.base.same_entry(base, self.ours, ours) {
                true => Ok(None),
                false => self
                    .conflict(lists, Kind::DeletedAndChanged, Some(base), Some(ours), None)
                    .map(Some),
            },
            (Some(base), None, Some(theirs)) => {
                match self.base.same_entry(base, self.theirs, theirs) {
                    true => Ok(None),
                    false => self
                        .conflict(lists, Kind::ChangedAndGone, Some(base), None, Some(theirs))
                        .map(Some),
                }
            }
            (_, None, None) => Ok(None),
        }
    }

    /// Entries in an order that matters: what both sides did between two common entries is a conflict.
    fn ordered(&mut self, lists: Lists<'_>) -> Result<Vec<Piece>, Clash> {
        let Some(base) = lists.base else {
            let same =
                self.ours
                    .same_entries(&lists.ours.entries, self.theirs, &lists.theirs.entries);
            return match (
                lists.ours.entries.as_slice(),
                lists.theirs.entries.as_slice(),
            ) {
                ([], _) => Ok(self.copies(lists, Side::Theirs, 0..lists.theirs.entries.len())),
                (_, []) => Ok(self.copies(lists, Side::Ours, 0..lists.ours.entries.len())),
                _ if same => Ok(self.copies(lists, Side::Theirs, 0..lists.theirs.entries.len())),
                _ => Err(Clash),
            };
        };
        let to_ours = align(base, self.base, lists.ours, self.ours);
        let to_theirs = align(base, self.base, lists.theirs, self.theirs);
        let mut pieces = Vec::new();
        let (mut at, mut at_ours, mut at_theirs) = (0, 0, 0);
        for index in 0..=base.entries.len() {
            let anchor = match to_ours.get(index).zip(to_theirs.get(index)) {
                Some((Some(ours), Some(theirs))) => Some((*ours, *theirs)),
                Some(_) => continue,
                None => None,
            };
            let (ours, theirs) =
                anchor.unwrap_or((lists.ours.entries.len(), lists.theirs.entries.len()));
            let gap = Gap {
                base: at..index,
                ours: at_ours..ours,
                theirs: at_theirs..theirs,
            };
            self.gap(lists, base, gap, (&to_ours, &to_theirs), &mut pieces)?;
            if anchor.is_some() {
                let slot = Slot {
                    base: Some(index),
                    ours: Some(ours),
                    theirs: Some(theirs),
                };
                pieces.extend(self.slot(lists, slot)?);
            }
            (at, at_ours, at_theirs) = (index + 1, ours + 1, theirs + 1);
        }
        Ok(pieces)
    }

    fn gap(
        &mut self,
        lists: Lists<'_>,
        base: &List,
        gap: Gap,
        (to_ours, to_theirs): (&[Option<usize>], &[Option<usize>]),
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Clash> {
        let (before, mine, yours) = (
            &base.entries[gap.base.clone()],
            &lists.ours.entries[gap.ours.clone()],
            &lists.theirs.entries[gap.theirs.clone()],
        );
        if self.base.same_entries(before, self.ours, mine)
            || self.ours.same_entries(mine, self.theirs, yours)
        {
            pieces.extend(self.copies(lists, Side::Theirs, gap.theirs));
            return Ok(());
        }
        if self.base.same_entries(before, self.theirs, yours) {
            pieces.extend(self.copies(lists, Side::Ours, gap.ours));
            return Ok(());
        }
        // Both changed it. Nothing but removals, or one method of a chain, can be taken one by one.
        let mut methods = Vec::new();
        let mut additions = 0;
        let mut slots: Vec<(usize, Slot)> = Vec::new();
        for index in gap.base.clone() {
            let slot = Slot {
                base: Some(index),
                ours: to_ours[index],
                theirs: to_theirs[index],
            };
            methods.push(base.entries[index].key.as_str());
            slots.push((index * 2 + 1, slot));
        }
        let place = |pairs: &[Option<usize>], index: usize| {
            let before = gap
                .base
                .clone()
                .rev()
                .find(|it| pairs[*it].is_some_and(|other| other < index));
            before.map_or(gap.base.start * 2, |it| it * 2 + 2)
        };
        let mut added_hashes = Vec::new();
        for index in gap.ours.clone() {
            if !to_ours[gap.base.clone()].contains(&Some(index)) {
                additions += 1;
                methods.push(lists.ours.entries[index].key.as_str());
                added_hashes.push(self.ours.hash(&lists.ours.entries[index]));
                let slot = Slot {
                    ours: Some(index),
                    ..Slot::default()
                };
                slots.push((place(to_ours, index), slot));
            }
        }
        for index in gap.theirs.clone() {
            if !to_theirs[gap.base.clone()].contains(&Some(index)) {
                additions += 1;
                methods.push(lists.theirs.entries[index].key.as_str());
                if added_hashes.contains(&self.theirs.hash(&lists.theirs.entries[index])) {
                    continue;
                }
                let slot = Slot {
                    theirs: Some(index),
                    ..Slot::default()
                };
                slots.push((place(to_theirs, index), slot));
            }
        }
        let method = |key: &str| key.split('(').next().unwrap_or_default().to_owned();
        let all: Vec<&Entry> = lists
            .theirs
            .entries
            .iter()
            .chain(&lists.ours.entries)
            .collect();
        let registers = lists.theirs.order == Order::Chain
            && methods.first().is_some_and(|first| {
                methods.iter().all(|it| method(it) == method(first))
                    && all
                        .iter()
                        .filter(|it| method(&it.key) == method(first))
                        .count()
                        > 2
            });
        if additions == 0 || registers {
            slots.sort_by_key(|(place, _)| *place);
            for (_, slot) in slots {
                pieces.extend(self.slot(lists, slot)?);
            }
            return Ok(());
        }
        if !lists.lines {
            return Err(Clash);
        }
        let text = |merge: &Self, side: Side, range: &Range<usize>| {
            lists.of(side).map_or(String::new(), |list| {
                list.entries[range.clone()]
                    .iter()
                    .map(|entry| merge.lines_of(lists, side, entry))
                    .collect()
            })
        };
        let block = Block {
            base: text(self, Side::Base, &gap.base),
            ours: text(self, Side::Ours, &gap.ours),
            theirs: text(self, Side::Theirs, &gap.theirs),
            kind: match gap.base.is_empty() {
                true => Kind::BothAdded,
                false => Kind::BothChanged,
            },
            subject: self.subject(),
        };
        pieces.push(Piece::lines(self.found.note(block)));
        Ok(())
    }

    fn entry(
        &mut self,
        lists: Lists<'_>,
        base: Option<&Entry>,
        ours: &Entry,
        theirs: &Entry,
    ) -> Result<Piece, Clash> {
        if self.ours.same_entry(ours, self.theirs, theirs) {
            return Ok(self.copy(lists, Side::Theirs, theirs));
        }
        let mut only_ours = false;
        if let Some(base) = base {
            if self.base.same_entry(base, self.ours, ours) {
                return Ok(self.copy(lists, Side::Theirs, theirs));
            }
            if self.base.same_entry(base, self.theirs, theirs) {
                if self.base.text[base.span.clone()] == self.theirs.text[theirs.span.clone()] {
                    return Ok(self.copy(lists, Side::Ours, ours));
                }
                only_ours = true;
            }
        }
        match self.parts(base, ours, theirs) {
            Ok(piece) => Ok(piece),
            // The owner only formatted it.
            Err(Clash) if only_ours => Ok(self.copy(lists, Side::Ours, ours)),
            Err(Clash) => self.by_lines(lists, base, ours, theirs),
        }
    }

    /// An entry part by part, where it has the same parts on all sides.
    fn parts(
        &mut self,
        base: Option<&Entry>,
        ours: &Entry,
        theirs: &Entry,
    ) -> Result<Piece, Clash> {
        let alike = |one: &Entry, other: &Entry| {
            one.lists.len() == other.lists.len()
                && one.lists.iter().zip(&other.lists).all(|(one, other)| {
                    one.role == other.role || one.entries.is_empty() || other.entries.is_empty()
                })
        };
        if ours.lists.is_empty()
            || !alike(ours, theirs)
            || base.is_some_and(|base| !alike(base, ours) || !alike(base, theirs))
        {
            return Err(Clash);
        }
        let lead = self.comments(
            base.map(Entry::lead),
            ours.lead(),
            theirs.lead(),
            Side::Theirs,
        )?;
        let trail = self.comments(
            base.map(Entry::trail),
            ours.trail(),
            theirs.trail(),
            Side::Theirs,
        )?;
        let base_texts = base.map(Entry::texts);
        let (ours_texts, theirs_texts) = (ours.texts(), theirs.texts());
        let mut core = String::new();
        for index in 0..theirs_texts.len() {
            let base_text = base_texts.as_ref().map(|texts| &texts[index]);
            let (ours_text, theirs_text) = (&ours_texts[index], &theirs_texts[index]);
            let ours_stays =
                base_text.is_some_and(|base| self.base.same(base, self.ours, ours_text));
            let theirs_stays =
                base_text.is_some_and(|base| self.base.same(base, self.theirs, theirs_text));
            if ours_stays || self.ours.same(ours_text, self.theirs, theirs_text) {
                core.push_str(&self.theirs.text[theirs_text.clone()]);
            } else if theirs_stays {
                core.push_str(&self.ours.text[ours_text.clone()]);
            } else {
                return Err(Clash);
            }
            if index < theirs.lists.len() {
                let base_list = base.map(|base| &base.lists[index]);
                core.push_str(&self.list(base_list, &ours.lists[index], &theirs.lists[index])?);
            }
        }
        Ok(Piece {
            lead,
            core,
            trail,
            lines: is_lines(self.theirs.text, theirs),
            comma: theirs.comma.is_some(),
            whole: false,
        })
    }

    /// An entry by lines, if it is made of lines.
    fn by_lines(
        &mut self,
        lists: Lists<'_>,
        base: Option<&Entry>,
        ours: &Entry,
        theirs: &Entry,
    ) -> Result<Piece, Clash> {
        let whole = is_lines(self.ours.text, ours)
            && is_lines(self.theirs.text, theirs)
            && base.is_none_or(|base| is_lines(self.base.text, base));
        if !lists.lines || !whole {
            return Err(Clash);
        }
        let Some(base) = base else {
            return self.conflict(lists, Kind::BothAdded, None, Some(ours), Some(theirs));
        };
        let base = self.lines_of(lists, Side::Base, base);
        let ours = self.lines_of(lists, Side::Ours, ours);
        let theirs = self.lines_of(lists, Side::Theirs, theirs);
        let subject = self.subject();
        let merged = text::merge_about(&base, &ours, &theirs, subject.as_deref(), self.found);
        Ok(Piece::lines(merged))
    }

    /// Comments and white space around things.
    fn comments(
        &mut self,
        base: Option<Range<usize>>,
        ours: Range<usize>,
        theirs: Range<usize>,
        frame: Side,
    ) -> Result<String, Clash> {
        let our_text = &self.ours.text[ours.clone()];
        let their_text = &self.theirs.text[theirs.clone()];
        if self.ours.same(&ours, self.theirs, &theirs) {
            return Ok(match frame {
                Side::Ours => our_text.to_owned(),
                _ => their_text.to_owned(),
            });
        }
        let Some(base) = base else {
            return match (our_text.trim(), their_text.trim()) {
                ("", _) => Ok(their_text.to_owned()),
                (_, "") => Ok(our_text.to_owned()),
                _ => Err(Clash),
            };
        };
        if self.base.same(&base, self.ours, &ours) {
            return Ok(their_text.to_owned());
        }
        if self.base.same(&base, self.theirs, &theirs) {
            return Ok(our_text.to_owned());
        }
        let mut found = Found::default();
        let merged = text::merge(&self.base.text[base], our_text, their_text, &mut found);
        match found.is_empty() {
            true => Ok(merged),
            false => Err(Clash),
        }
    }

    fn conflict(
        &mut self,
        lists: Lists<'_>,
        kind: Kind,
        base: Option<&Entry>,
        ours: Option<&Entry>,
        theirs: Option<&Entry>,
    ) -> Result<Piece, Clash> {
        if !lists.lines {
            return Err(Clash);
        }
        let text = |side: Side, entry: Option<&Entry>| {
            entry.map_or(String::new(), |entry| self.lines_of(lists, side, entry))
        };
        let about = base.or(ours).or(theirs).map(|entry| entry.key.clone());
        let (base, ours, theirs) = (
            text(Side::Base, base),
            text(Side::Ours, ours),
            text(Side::Theirs, theirs),
        );
        let last = self.path.last().cloned();
        if last != about {
            self.path.extend(about.clone());
        }
        let subject = self.subject();
        if last != about && about.is_some() {
            self.path.pop();
        }
        let block = Block {
            base,
            ours,
            theirs,
            kind,
            subject,
        };
        Ok(Piece::lines(self.found.note(block)))
    }

    fn subject(&self) -> Option<String> {
        let names: Vec<&str> = self
            .path
            .iter()
            .map(String::as_str)
            .filter(|name| !name.is_empty())
            .collect();
        (!names.is_empty()).then(|| names.join(" › "))
    }

    fn copies(&self, lists: Lists<'_>, side: Side, range: Range<usize>) -> Vec<Piece> {
        lists.of(side).map_or(Vec::new(), |list| {
            list.entries[range]
                .iter()
                .map(|entry| self.copy(lists, side, entry))
                .collect()
        })
    }

    /// An entry as it stands on one side, at the indentation of the result.
    fn copy(&self, lists: Lists<'_>, side: Side, entry: &Entry) -> Piece {
        let tree = self.tree(side);
        Piece {
            lead: self.indented(lists, side, entry.lead()),
            core: self.indented(lists, side, entry.core.clone()),
            trail: self.indented(lists, side, entry.trail()),
            lines: is_lines(tree.text, entry),
            comma: entry.comma.is_some(),
            whole: false,
        }
    }

    /// The whole lines of an entry.
    fn lines_of(&self, lists: Lists<'_>, side: Side, entry: &Entry) -> String {
        let mut text = self.indented(lists, side, entry.span.clone());
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text
    }

    fn indented(&self, lists: Lists<'_>, side: Side, range: Range<usize>) -> String {
        let tree = self.tree(side);
        let text = &tree.text[range.clone()];
        if side == lists.frame {
            return text.to_owned();
        }
        let from = lists.of(side).and_then(|list| list.indent(tree.text));
        let to = lists
            .of(lists.frame)
            .and_then(|list| list.indent(self.tree(lists.frame).text));
        let (Some(from), Some(to)) = (from, to) else {
            return text.to_owned();
        };
        if from == to {
            return text.to_owned();
        }
        let mut shifted = String::with_capacity(text.len());
        let mut at = range.start;
        for line in text.split_inclusive('\n') {
            let begins = at == 0 || tree.text[..at].ends_with('\n');
            match line.strip_prefix(from) {
                Some(rest) if begins && !line.trim().is_empty() && !tree.is_inside_token(at) => {
                    shifted.push_str(to);
                    shifted.push_str(rest);
                }
                // The rest of a line's white space, up to where a core begins.
                _ if begins && line == from => shifted.push_str(to),
                _ => shifted.push_str(line),
            }
            at += line.len();
        }
        shifted
    }
}

/// What lies between two entries all sides have.
struct Gap {
    base: Range<usize>,
    ours: Range<usize>,
    theirs: Range<usize>,
}

/// Whether an entry is made of whole lines.
fn is_lines(text: &str, entry: &Entry) -> bool {
    let Range { start, end } = entry.span;
    (start == 0 || text[..start].ends_with('\n'))
        && (text[..end].ends_with('\n') || end == text.len())
}
