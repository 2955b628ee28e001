/// A reading: so many stanzas, one each interval, by one of two clocks. It makes every
/// reader's place.
///
///     begin ──▶ wait ──due──▶ stanza ──advanced──▶ wait … stanza ──advanced──▶ end | stay
///                 ▲                                                  │
///                 └───────────────────── repeat ─────────────────────┘
///
/// A stanza is due when its time has come and stays due until ``advanced(_:)``: a reader that was held up
/// hears what is overdue at once, one stanza after the other, and is then back on its times. Nothing is
/// skipped.
///
/// - Units: nanoseconds of one monotonic clock, which may start anywhere. The value reads no clock.
/// - Limits: any time is taken. A due time past `Int64.max` (292 years) is taken to be `Int64.max`.
/// - Cost: each call is a few integer operations; nothing is allocated.
package struct Reading: Equatable, Sendable {
    /// The shortest interval: 1 ms, in nanoseconds.
    package static let minIntervalNanoseconds: Int64 = 1_000_000

    /// Stanzas of the poem, 1 or more.
    package let count: Int
    /// From one stanza to the next.
    package let intervalNanoseconds: Int64
    package let pace: Pace
    package let atEnd: AtEnd

    /// Traps if there is no stanza, or if the interval is under ``minIntervalNanoseconds``: both are known
    /// when the program starts, and neither is a client's to choose.
    package init(count: Int, intervalNanoseconds: Int64, pace: Pace = .reader, atEnd: AtEnd = .close) {
        precondition(count > 0, "a reading needs a stanza")
        precondition(intervalNanoseconds >= Reading.minIntervalNanoseconds, "an interval is 1 ms or more")
        self.count = count
        self.intervalNanoseconds = intervalNanoseconds
        self.pace = pace
        self.atEnd = atEnd
    }

    /// The place of a reader that comes now.
    ///
    /// With its own pace, the stanza behind the cursor (or the first) is due at once. With the shared pace, a
    /// reader without a cursor joins at the current stanza, which is due at once; one whose cursor is behind
    /// the current stanza of this lap catches up at once; one whose cursor is ahead waits for its next
    /// stanza. A cursor does not say of which lap it is, so it is taken to be of this one.
    ///
    /// - Parameters:
    ///   - cursor: the number of the last stanza it has heard, 0…count; `nil`, or a number outside that, is a
    ///     reader without a cursor. At `count` there is nothing left, except with ``AtEnd/repeat``: the first
    ///     stanza again.
    ///   - now: nanoseconds.
    package func begin(after cursor: Int? = nil, at now: Int64) -> Reader {
        let heard = cursor.flatMap { (0...count).contains($0) ? $0 : nil }
        switch pace {
        case .reader:
            return Reader(next: wrapped(heard ?? 0), dueNanoseconds: now)
        case .shared(let epoch):
            return join(epoch: epoch, heard: heard, at: now)
        }
    }

    /// What `reader` is to do at `now` (nanoseconds). It changes nothing: asked again, it says the same.
    package func step(_ reader: Reader, at now: Int64) -> Step {
        if reader.next >= count { return atEnd == .stay ? .stay : .end }
        return reader.dueNanoseconds <= now ? .stanza(reader.next) : .wait(until: reader.dueNanoseconds)
    }

    /// The place of `reader` once the stanza it was to hear has gone out. At the end it stays where it is.
    package func advanced(_ reader: Reader) -> Reader {
        if reader.next >= count { return reader }
        let (due, overflow) = reader.dueNanoseconds.addingReportingOverflow(intervalNanoseconds)
        return Reader(next: wrapped(reader.next + 1), dueNanoseconds: overflow ? .max : due)
    }

    /// The stanza to hear after `heard` ones: behind the last one the first again, if the reading repeats.
    private func wrapped(_ heard: Int) -> Int {
        atEnd == .repeat && heard == count ? 0 : heard
    }

    /// A place by the shared clock.
    private func join(epoch: Int64, heard: Int?, at now: Int64) -> Reader {
        // Before the epoch no stanza is current, and the first lap is the one to wait for.
        let current = now < epoch ? nil : Int(distance(from: epoch, to: now) / UInt64(intervalNanoseconds))
        let place = (current ?? 0) % count
        var lapStart = (current ?? 0) - place
        var next = heard ?? place
        if atEnd == .repeat && next == count {
            // It has heard the current stanza, the last of the lap: what follows is the first of the next
            // lap. Otherwise the lap it ended is over and the one that runs is new to it.
            if place == count - 1 && current != nil { lapStart += count }
            next = 0
        }
        return Reader(next: next, dueNanoseconds: due(lapStart + next, epoch: epoch))
    }

    /// When the stanza with this number of stanzas before it since the epoch is due by the shared clock.
    private func due(_ number: Int, epoch: Int64) -> Int64 {
        let (elapsed, overflow) = UInt64(number).multipliedReportingOverflow(by: UInt64(intervalNanoseconds))
        if overflow || elapsed > distance(from: epoch, to: .max) { return .max }
        return epoch &+ Int64(bitPattern: elapsed)
    }

    /// `to - from`, which is not negative; it may not fit in `Int64`, but its 64 bits are right.
    private func distance(from: Int64, to: Int64) -> UInt64 {
        UInt64(bitPattern: to &- from)
    }
}
