/// Something with a deadline on a wheel.
///
/// Owner: the event loop of the wheel; nobody else may touch it.
package protocol Timed: AnyObject {
    /// The deadline of this object's one valid place on the wheel; older places are skipped when their turn comes.
    /// In the distant future at first.
    var scheduled: Instant { get set }
    /// Called once the deadline has come, never before it.
    func deadlineReached(at now: Instant)
}

/// A timer wheel: who is due, in slots of a few milliseconds, for one event loop.
///
/// An entry costs 24 bytes in the array of its slot; arming and firing are an append and a walk, without a heap,
/// a task or a system call per reader. A slot fires at its end, so nothing is early and everything is at most one
/// slot late. A deadline beyond the wheel's span waits in its farthest slot and is put back from there.
///
/// - Why: half the CPU of a scheduled task a reader; one tick for all readers would make the last one late by as
///   long as the tick takes.
package struct Wheel {
    private struct Item {
        let deadline: Instant
        let timed: any Timed
    }

    /// Width of a slot, nanoseconds.
    private let width: Int64
    private var slots: [[Item]]
    /// One bit a slot: has items.
    private var occupied: [UInt64]
    /// The slot number (time / width) that fires next.
    private var current: Int64
    /// The slot that is being fired.
    private var firing: [Item] = []
    /// Storage of slots that have been fired, for the next ones: neither firing nor arming allocates, and an empty
    /// slot keeps nothing. A burst's storage, which no other slot needs, is not kept.
    private var spare: [[Item]] = []
    private static let maxSpare = 64
    private static let maxSpareItems = 1024
    /// The next of `firing`.
    private var next = 0

    /// - Parameter slotCount: a power of two, at least 64.
    package init(width: Duration, slotCount: Int = 4096, startingAt now: Instant) {
        precondition(slotCount >= 64 && slotCount & (slotCount - 1) == 0)
        self.width = max(1, width.wholeNanoseconds)
        slots = Array(repeating: [], count: slotCount)
        occupied = Array(repeating: 0, count: slotCount / 64)
        current = now.nanoseconds / self.width
    }

    /// Puts `timed` where `deadline` falls. An earlier place of it on the wheel is dead from now on.
    package mutating func arm(_ timed: any Timed, at deadline: Instant) {
        timed.scheduled = deadline
        insert(Item(deadline: deadline, timed: timed))
    }

    private mutating func insert(_ item: Item) {
        let wanted = item.deadline.nanoseconds / width
        let slot = min(max(wanted, current), current + Int64(slots.count) - 1)
        let index = Int(slot) & (slots.count - 1)
        if slots[index].isEmpty, let storage = spare.popLast() { slots[index] = storage }
        let count = slots[index].count
        // By a half, not to the double: a place here is a part of what a reader costs.
        if count == slots[index].capacity { slots[index].reserveCapacity(count + max(1, count / 2)) }
        slots[index].append(item)
        occupied[index / 64] |= 1 << UInt64(index % 64)
    }

    /// When ``fire(at:)`` has something to do; nil when the wheel is empty.
    package var nextWake: Instant? {
        var offset = 0
        while offset < slots.count {
            let index = (Int(current) + offset) & (slots.count - 1)
            let word = occupied[index / 64] >> UInt64(index % 64)
            if word == 0 {
                offset += 64 - index % 64
                continue
            }
            let slot = current + Int64(offset + word.trailingZeroBitCount)
            guard slot < current + Int64(slots.count) else { return nil }
            return Instant(nanoseconds: (slot + 1) * width)
        }
        return nil
    }

    /// The next item that is due by `now`; called until it returns nil. One at a time, so that what a deadline
    /// does may arm others.
    package mutating func popDue(at now: Instant) -> (any Timed)? {
        while true {
            while next < firing.count {
                let item = firing[next]
                next += 1
                if item.timed.scheduled != item.deadline { continue }
                if item.deadline > now {
                    insert(item)
                    continue
                }
                item.timed.scheduled = .distantFuture
                return item.timed
            }
            recycle()
            guard let wake = nextWake, wake <= now else {
                current = max(current, now.nanoseconds / width)
                return nil
            }
            current = wake.nanoseconds / width
            let index = Int(current - 1) & (slots.count - 1)
            swap(&slots[index], &firing)
            slots[index] = []
            occupied[index / 64] &= ~(1 << UInt64(index % 64))
        }
    }

    private mutating func recycle() {
        next = 0
        guard firing.capacity > 0 else { return }
        firing.removeAll(keepingCapacity: true)
        if spare.count < Self.maxSpare, firing.capacity <= Self.maxSpareItems { spare.append(firing) }
        firing = []
    }
}
