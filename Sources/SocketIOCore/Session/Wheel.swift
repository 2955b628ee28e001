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
/// A place costs 16 bytes in the array of its slot; arming and firing are an append and a walk, without a heap,
/// a task or a system call per reader. A slot fires at its end, so nothing is early and everything is at most one
/// slot late. A place is valid when its slot is that of ``Timed/scheduled``; two of an object in one slot fire once,
/// because firing moves ``Timed/scheduled`` away. What lies beyond the wheel's span waits beside it.
///
/// - Why: half the CPU of a scheduled task a reader; one tick for all readers would make the last one late by as
///   long as the tick takes.
package struct Wheel {
    /// Width of a slot, nanoseconds.
    private let width: Int64
    private var slots: [[any Timed]]
    /// One bit a slot: has items.
    private var occupied: [UInt64]
    /// The slot number (time / width) that fires next.
    private var current: Int64
    /// The slot that is being fired, and the moment that everything in it comes before.
    private var firing: [any Timed] = []
    private var firingEnd: Int64 = .min
    /// Storage of slots that have been fired, for the next ones: neither firing nor arming allocates, and an empty
    /// slot keeps nothing. A burst's storage, which no other slot needs, is not kept.
    private var spare: [[any Timed]] = []
    private static let maxSpare = 64
    private static let maxSpareItems = 1024
    /// The next of `firing`.
    private var next = 0
    /// Beyond the span: few, and each with the deadline that it was armed for.
    private var far: [(deadline: Instant, timed: any Timed)] = []
    /// The slot number at which ``far`` is looked through: half a span on, so that nothing in there is missed.
    private var farLook = Int64.max

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
        let wanted = deadline.nanoseconds / width
        if wanted - current < Int64(slots.count) { return insert(timed, in: max(wanted, current)) }
        far.append((deadline, timed))
        farLook = min(farLook, current + Int64(slots.count / 2))
    }

    private mutating func insert(_ timed: any Timed, in slot: Int64) {
        let index = Int(slot) & (slots.count - 1)
        if slots[index].isEmpty, let storage = spare.popLast() { slots[index] = storage }
        let count = slots[index].count
        // By a half, not to the double: a place here is a part of what a reader costs.
        if count == slots[index].capacity { slots[index].reserveCapacity(count + max(1, count / 2)) }
        slots[index].append(timed)
        occupied[index / 64] |= 1 << UInt64(index % 64)
    }

    /// When ``popDue(at:)`` has something to do; nil when the wheel is empty.
    package var nextWake: Instant? {
        let slot = min(nextSlot ?? .max, farLook)
        return slot == .max ? nil : Instant(nanoseconds: (slot + 1) * width)
    }

    /// The number of the next slot that holds anything.
    private var nextSlot: Int64? {
        var offset = 0
        while offset < slots.count {
            let index = (Int(current) + offset) & (slots.count - 1)
            let word = occupied[index / 64] >> UInt64(index % 64)
            if word == 0 {
                offset += 64 - index % 64
                continue
            }
            let slot = current + Int64(offset + word.trailingZeroBitCount)
            return slot < current + Int64(slots.count) ? slot : nil
        }
        return nil
    }

    /// The next item that is due by `now`; called until it returns nil. One at a time, so that what a deadline
    /// does may arm others.
    package mutating func popDue(at now: Instant) -> (any Timed)? {
        while true {
            while next < firing.count {
                let timed = firing[next]
                next += 1
                if timed.scheduled.nanoseconds >= firingEnd { continue }
                timed.scheduled = .distantFuture
                return timed
            }
            recycle()
            if current >= farLook { bringNearer() }
            let present = now.nanoseconds / width
            guard let slot = nextSlot, slot < min(present, farLook) else {
                current = max(current, min(present, farLook))
                if current >= farLook { continue }
                return nil
            }
            current = slot + 1
            firingEnd = current * width
            let index = Int(slot) & (slots.count - 1)
            swap(&slots[index], &firing)
            slots[index] = []
            occupied[index / 64] &= ~(1 << UInt64(index % 64))
        }
    }

    /// Puts on the wheel what has come within its span.
    private mutating func bringNearer() {
        let items = far
        far = []
        farLook = .max
        for item in items where item.timed.scheduled == item.deadline { arm(item.timed, at: item.deadline) }
    }

    private mutating func recycle() {
        next = 0
        guard firing.capacity > 0 else { return }
        firing.removeAll(keepingCapacity: true)
        if spare.count < Self.maxSpare, firing.capacity <= Self.maxSpareItems { spare.append(firing) }
        firing = []
    }
}
