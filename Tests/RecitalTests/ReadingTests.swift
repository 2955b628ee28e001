import Recital
import Testing

/// Times in these tables are in intervals, from a clock that does not start at 0.
private let second: Int64 = 1_000_000_000
private let zero: Int64 = 5_000 * second + 17

private func at(_ intervals: Double) -> Int64 { zero + Int64(intervals * Double(second)) }

private func reading(_ count: Int, pace: Pace = .reader, atEnd: AtEnd = .close) -> Reading {
    Reading(count: count, intervalNanoseconds: second, pace: pace, atEnd: atEnd)
}

/// The reading of one reader's own pace.
struct OwnPaceTests {
    @Test func theFirstStanzaIsDueAtOnceAndTheNextAnIntervalLater() {
        let reading = reading(3)
        var reader = reading.begin(at: zero)
        #expect(reading.step(reader, at: zero) == .stanza(0))
        reader = reading.advanced(reader)
        #expect(reading.step(reader, at: zero) == .wait(until: at(1)))
        #expect(reading.step(reader, at: at(1) - 1) == .wait(until: at(1)))
        #expect(reading.step(reader, at: at(1)) == .stanza(1))
    }

    @Test func askingTwiceChangesNothing() {
        let reading = reading(3)
        let reader = reading.begin(at: zero)
        #expect(reading.step(reader, at: at(9)) == .stanza(0))
        #expect(reading.step(reader, at: at(9)) == .stanza(0))
    }

    @Test func lateReadersCatchUpAtOnceAndAreBackOnTheirTimes() {
        let reading = reading(5)
        var reader = reading.begin(at: zero)
        var heard: [Step] = []
        for _ in 0..<4 {
            heard.append(reading.step(reader, at: at(2.5)))
            if case .stanza = reading.step(reader, at: at(2.5)) { reader = reading.advanced(reader) }
        }
        #expect(heard == [.stanza(0), .stanza(1), .stanza(2), .wait(until: at(3))])
    }

    @Test(arguments: [
        (AtEnd.close, Step.end), (.stay, .stay), (.repeat, .wait(until: at(2))),
    ])
    func behindTheLastStanzaComesTheEnd(atEnd: AtEnd, step: Step) {
        let reading = reading(2, atEnd: atEnd)
        var reader = reading.begin(at: zero)
        reader = reading.advanced(reader)
        #expect(reading.step(reader, at: at(1)) == .stanza(1))
        reader = reading.advanced(reader)
        #expect(reading.step(reader, at: at(1)) == step)
    }

    @Test func theEndIsWhereAReaderStays() {
        let reading = reading(1)
        let reader = reading.advanced(reading.begin(at: zero))
        #expect(reading.advanced(reader) == reader)
    }

    @Test func repeatingStartsAgainOneIntervalAfterTheLast() {
        let reading = reading(2, atEnd: .repeat)
        var reader = reading.begin(at: zero)
        for lap in 0..<3 {
            for stanza in 0..<2 {
                let due = at(Double(lap * 2 + stanza))
                #expect(reading.step(reader, at: due - 1) == .wait(until: due))
                #expect(reading.step(reader, at: due) == .stanza(stanza))
                reader = reading.advanced(reader)
            }
        }
    }

    @Test(
        arguments: [
            (nil, AtEnd.close, Step.stanza(0)),
            (0, .close, .stanza(0)),
            (1, .close, .stanza(1)),
            (45, .close, .stanza(45)),
            (46, .close, .end),
            (46, .stay, .stay),
            (46, .repeat, .stanza(0)),
            // Not a cursor of this poem: from the first stanza.
            (47, .close, .stanza(0)),
            (-1, .close, .stanza(0)),
            (.max, .repeat, .stanza(0)),
            (.min, .stay, .stanza(0)),
        ] as [(Int?, AtEnd, Step)])
    func goesOnBehindTheCursorAtOnce(cursor: Int?, atEnd: AtEnd, step: Step) {
        let reading = reading(46, atEnd: atEnd)
        let reader = reading.begin(after: cursor, at: zero)
        #expect(reading.step(reader, at: zero) == step)
    }

    @Test func behindACursorTheIntervalsCountFromNow() {
        let reading = reading(46)
        let reader = reading.advanced(reading.begin(after: 7, at: at(0.3)))
        #expect(reading.step(reader, at: at(0.3)) == .wait(until: at(1.3)))
    }
}

/// The reading of one pace for everybody: laps of four stanzas, the epoch at interval 0.
struct SharedPaceTests {
    struct Case: Sendable {
        let now: Double
        let cursor: Int?
        let next: Int
        let due: Double

        init(_ now: Double, _ cursor: Int?, next: Int, due: Double) {
            self.now = now
            self.cursor = cursor
            self.next = next
            self.due = due
        }
    }

    private func shared(_ atEnd: AtEnd) -> Reading {
        reading(4, pace: .shared(epochNanoseconds: zero), atEnd: atEnd)
    }

    @Test(
        arguments: [
            // Without a cursor: the current stanza.
            Case(0, nil, next: 0, due: 0), Case(0.9, nil, next: 0, due: 0), Case(1, nil, next: 1, due: 1),
            Case(3.9, nil, next: 3, due: 3), Case(4, nil, next: 0, due: 4), Case(41.5, nil, next: 1, due: 41),
            // Behind the current stanza: catches up, from this lap's times.
            Case(2.5, 0, next: 0, due: 0), Case(2.5, 1, next: 1, due: 1), Case(42.5, 1, next: 1, due: 41),
            // The current stanza heard, or one ahead of it: waits for the next one behind the cursor.
            Case(2.5, 3, next: 3, due: 3), Case(40.5, 3, next: 3, due: 43), Case(1.5, 2, next: 2, due: 2),
            // Before the epoch: waits for the first lap.
            Case(-2.5, nil, next: 0, due: 0), Case(-2.5, 2, next: 2, due: 2),
            // Not a cursor of this poem: none.
            Case(2.5, 5, next: 2, due: 2), Case(2.5, -1, next: 2, due: 2),
        ], AtEnd.allCases)
    func joinsTheLapWhereItIs(place: Case, atEnd: AtEnd) {
        let reader = shared(atEnd).begin(after: place.cursor, at: at(place.now))
        #expect(reader.next == place.next)
        #expect(reader.dueNanoseconds == at(place.due))
    }

    @Test(arguments: [-1, 0, 2.5, 3.5, 40, 43.9])
    func behindTheLastCursorComesTheEnd(now: Double) {
        for (atEnd, step) in [(AtEnd.close, Step.end), (.stay, .stay)] {
            let reading = shared(atEnd)
            #expect(reading.step(reading.begin(after: 4, at: at(now)), at: at(now)) == step)
        }
    }

    @Test(arguments: [
        // The last stanza is the current one, and heard: the next lap's first.
        Case(3.5, 4, next: 0, due: 4), Case(43.9, 4, next: 0, due: 44),
        // The lap it ended is over: the running one from its first stanza.
        Case(4.5, 4, next: 0, due: 4), Case(46.5, 4, next: 0, due: 44),
        Case(-1, 4, next: 0, due: 0),
    ])
    func repeatingGoesOnBehindTheLastCursor(place: Case) {
        let reader = shared(.repeat).begin(after: place.cursor, at: at(place.now))
        #expect(reader.next == place.next)
        #expect(reader.dueNanoseconds == at(place.due))
    }

    @Test func everybodyHearsTheSameStanzaAtTheSameTime() {
        let reading = shared(.repeat)
        var early = reading.begin(at: at(0))
        for _ in 0..<6 { early = reading.advanced(early) }
        let late = reading.advanced(reading.begin(at: at(5.7)))
        #expect(early == late)
        #expect(reading.step(late, at: at(5.7)) == .wait(until: at(6)))
    }

    @Test func aReaderEndsWithTheLapItJoined() {
        let reading = shared(.close)
        var reader = reading.begin(at: at(6.5))
        var heard: [Int] = []
        while case .stanza(let stanza) = reading.step(reader, at: at(100)) {
            heard.append(stanza)
            reader = reading.advanced(reader)
        }
        #expect(heard == [2, 3])
        #expect(reading.step(reader, at: at(7)) == .end)
    }

    @Test func aNewcomerAtTheLapsFirstStanzaHearsAllOfIt() {
        let reading = shared(.close)
        let reader = reading.begin(at: at(8))
        #expect(reading.step(reader, at: at(8)) == .stanza(0))
    }

    @Test func aPoemOfOneStanza() {
        let reading = reading(1, pace: .shared(epochNanoseconds: zero), atEnd: .repeat)
        let reader = reading.begin(at: at(2.5))
        #expect(reading.step(reader, at: at(2.5)) == .stanza(0))
        #expect(reading.step(reading.advanced(reader), at: at(2.5)) == .wait(until: at(3)))
        #expect(reading.begin(after: 1, at: at(2.5)).dueNanoseconds == at(3))
        #expect(reading.begin(after: 1, at: at(-1)).dueNanoseconds == at(0))
    }

    @Test func aDueTimePastTheClocksLastMomentIsThatMoment() {
        let epoch = Int64.max - second
        let shared = reading(4, pace: .shared(epochNanoseconds: epoch))
        #expect(shared.begin(after: 1, at: epoch).dueNanoseconds == .max)
        #expect(shared.begin(after: 2, at: epoch).dueNanoseconds == .max)
        #expect(shared.advanced(shared.begin(after: 2, at: epoch)).dueNanoseconds == .max)
        let own = reading(4)
        #expect(own.advanced(own.begin(at: .max - 1)).dueNanoseconds == .max)
    }
}
