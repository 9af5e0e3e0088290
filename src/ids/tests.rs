//! What a set of ids promises, on generated ids and damaged blocks.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Ids of every spread: neighbours, as Telegram gives them, and as far apart as may be.
fn ids() -> impl Strategy<Value = BTreeSet<u64>> {
    prop::collection::btree_set(
        prop_oneof![1..2_000_u64, 1..8_500_000_000_u64, 1..=limits::LISTED_ID_MAX, Just(limits::LISTED_ID_MAX)],
        0..700,
    )
}

proptest! {
    #[test]
    fn what_was_put_in_is_found_and_nothing_else(listed in ids(), others in prop::collection::vec(0..u64::MAX, 20)) {
        let set = IdSet::from_rising(listed.iter().copied()).unwrap();
        let beside = listed.iter().flat_map(|id| [id - 1, *id, id + 1]);
        for id in beside.chain(others).chain([0, u64::MAX]) {
            prop_assert_eq!(set.contains(id), Ok(listed.contains(&id)), "{}", id);
        }
    }

    #[test]
    fn blocks_of_any_bytes_are_read_to_their_end(first in any::<u64>(), body in prop::collection::vec(any::<u8>(), BLOCK_BYTES)) {
        let mut block: Block = body.try_into().unwrap();
        let sum = checksum(first, &block[CHECKSUM_BYTES..]);
        block[..CHECKSUM_BYTES].copy_from_slice(&sum);
        let ids: Vec<u64> = ids_of(first, &block).unwrap().collect();
        prop_assert!(ids.len() <= BLOCK_BYTES && ids.is_sorted());
    }
}

#[test]
fn a_block_with_any_bit_changed_or_in_the_place_of_another_is_told() {
    let mut packer = Packer::default();
    let full = (1..).find_map(|step: u64| packer.push(7_000_000_000 + step * 1_700)).unwrap();
    assert_eq!(ids_of(full.first, &full.block).unwrap().count(), 127, "one, and two bytes for each of the others");
    for at in 0..BLOCK_BYTES {
        for bit in 0..8 {
            let mut block = full.block;
            block[at] ^= 1 << bit;
            assert_eq!(block_has(full.first, &block, full.first), Err(Damaged), "byte {at}, bit {bit}");
        }
    }
    let next = packer.finish().unwrap();
    assert_eq!(block_has(next.first, &full.block, next.first), Err(Damaged));
    assert_eq!(block_has(next.first, &[0; BLOCK_BYTES], next.first), Err(Damaged));
}

#[test]
fn what_does_not_rise_is_passed_over_and_no_ids_are_no_block() {
    let set = IdSet::from_rising([5, 5, 3, 9]).unwrap();
    assert_eq!([3, 5, 9].map(|id| set.contains(id)), [Ok(false), Ok(true), Ok(true)]);
    assert_eq!(Packer::default().finish(), None);
    assert_eq!(IdSet::from_rising([]).unwrap().contains(1), Ok(false));
    assert_eq!(Index::new(vec![1, 1]), None);
    assert_eq!(Index::new((0..=u64::try_from(limits::LISTED_BLOCKS_MAX).unwrap()).collect()), None);
}
