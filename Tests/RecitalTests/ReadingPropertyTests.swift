import Recital
import TestSupport
import Testing

/// Laws of a reading under random times, from seeds; a failure names its seed.
struct ReadingPropertyTests {
    /// What one reader heard: the stanza, when it was due by the law, and when it was heard.
    private struct Heard {
        let stanza: Int
        let due: Int64
        let at: Int64
    }

    /// A reading of random shape with a reader that begins at a random time.
    private struct Scene {
        let reading: Reading
        let start: Int64
        var random: SeededGenerator

        init(seed: UInt64, shared: Bool, atEnd: AtEnd = .close) {
            random = SeededGenerator(seed: seed)
            let interval = Int64.random(in: 1_000_000...10_000_000_000, using: &random)
            let epoch = Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)
            start = epoch + Int64.random(in: 0...1_000_000_000_000, using: &random)
            reading = Reading(
                count: Int.random(in: 1...60, using: &random), intervalNanoseconds: interval,
                pace: shared ? .shared(epochNanoseconds: epoch) : .reader, atEnd: atEnd)
        }

        /// A step of the clock: often none, mostly under an interval, at times many.
        mutating func pause() -> Int64 {
            let interval = reading.intervalNanoseconds
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<2: return 0
            case 2..<9: return Int64.random(in: 0...interval, using: &random)
            default: return Int64.random(in: 0...(interval * 7), using: &random)
            }
        }
    }

    /// Lets a reader hear at most one stanza a look, until its reading ends.
    private func listen(_ scene: inout Scene, from reader: Reader, due: (Int) -> Int64) -> [Heard] {
        var (reader, now, heard) = (reader, scene.start, [Heard]())
        while heard.count <= scene.reading.count {
            switch scene.reading.step(reader, at: now) {
            case .stanza(let stanza):
                heard.append(Heard(stanza: stanza, due: due(heard.count), at: now))
                reader = scene.reading.advanced(reader)
            case .wait(let until):
                // Nothing can be due before the time it names, and something is due then.
                #expect(until > now && scene.reading.step(reader, at: until) == .stanza(reader.next))
                now += scene.pause()
            case .end, .stay:
                return heard
            }
            now += Bool.random(using: &scene.random) ? 0 : scene.pause()
        }
        return heard
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func aReaderHearsEachStanzaOnceInOrderAndNeverEarly(seed: UInt64) {
        var scene = Scene(seed: seed, shared: false)
        let (start, interval) = (scene.start, scene.reading.intervalNanoseconds)
        let heard = listen(&scene, from: scene.reading.begin(at: start)) { start + Int64($0) * interval }
        #expect(heard.map(\.stanza) == Array(0..<scene.reading.count), "seed \(seed)")
        #expect(heard.allSatisfy { $0.at >= $0.due }, "seed \(seed)")
    }

    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func withTheSharedPaceItHearsTheRestOfItsLap(seed: UInt64) {
        var scene = Scene(seed: seed, shared: true)
        guard case .shared(let epoch) = scene.reading.pace else { return }
        let interval = scene.reading.intervalNanoseconds
        let current = (scene.start - epoch) / interval
        let place = Int(current) % scene.reading.count
        let heard = listen(&scene, from: scene.reading.begin(at: scene.start)) {
            epoch + (current + Int64($0)) * interval
        }
        #expect(heard.map(\.stanza) == Array(place..<scene.reading.count), "seed \(seed)")
        #expect(heard.allSatisfy { $0.at >= $0.due }, "seed \(seed)")
        #expect(heard.first?.at == scene.start, "seed \(seed)")
    }

    /// A reader that is cut off and comes back with its cursor misses and repeats nothing, however often.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func cursorsCarryAReaderThroughCuts(seed: UInt64) throws {
        var scene = Scene(seed: seed, shared: false)
        let reading = scene.reading
        var (reader, now, heard) = (reading.begin(at: scene.start), scene.start, [Int]())
        while case let step = reading.step(reader, at: now), step != .end, heard.count <= reading.count {
            if case .stanza(let stanza) = step {
                heard.append(stanza)
                reader = reading.advanced(reader)
            }
            now += scene.pause()
            if Int.random(in: 0..<4, using: &scene.random) == 0 {
                let cursor = try #require(Cursor.parse(Cursor.text(after: heard.count), count: reading.count))
                reader = reading.begin(after: cursor, at: now)
            }
        }
        #expect(heard == Array(0..<reading.count), "seed \(seed)")
    }

    /// The same with the shared pace, while the lap lasts; and its times stay everybody's.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func cursorsCarryAReaderThroughCutsWithinALap(seed: UInt64) {
        var scene = Scene(seed: seed, shared: true)
        let reading = scene.reading
        guard case .shared(let epoch) = reading.pace else { return }
        let lap = Int64(reading.count) * reading.intervalNanoseconds
        let start = epoch + (scene.start - epoch) / lap * lap
        var (reader, now, heard) = (reading.begin(at: start), start, 0)
        while now < start + lap, heard < reading.count {
            let due = start + Int64(heard) * reading.intervalNanoseconds
            if due <= now {
                #expect(reading.step(reader, at: now) == .stanza(heard), "seed \(seed)")
                heard += 1
                reader = reading.advanced(reader)
            } else {
                #expect(reading.step(reader, at: now) == .wait(until: due), "seed \(seed)")
                now += min(scene.pause(), due - now)
            }
            if Bool.random(using: &scene.random) { reader = reading.begin(after: heard, at: now) }
        }
        #expect(heard == reading.count, "seed \(seed)")
    }

    @Test(arguments: [Pace.reader, .shared(epochNanoseconds: -3_000_000_007)])
    func aMillionLateStanzasDoNotDrift(pace: Pace) {
        let interval: Int64 = 1_999_999_999
        let reading = Reading(count: 46, intervalNanoseconds: interval, pace: pace, atEnd: .repeat)
        var random = SeededGenerator(seed: 11)
        var reader = reading.begin(at: 41)
        let (first, firstDue) = (reader.next, reader.dueNanoseconds)
        for step in 0..<1_000_000 {
            let due = firstDue + Int64(step) * interval
            let late = due + Int64.random(in: 0..<interval, using: &random)
            let isRight =
                reading.step(reader, at: due - 1) == .wait(until: due)
                && reading.step(reader, at: late) == .stanza((first + step) % 46)
            if !isRight {
                Issue.record("drifted at step \(step)")
                return
            }
            reader = reading.advanced(reader)
        }
    }

    /// No time, epoch, cursor or interval traps, at the ends of their types least of all.
    @Test(arguments: AtEnd.allCases)
    func noNumberTraps(atEnd: AtEnd) {
        let times: [Int64] = [.min, .min + 1, -1_000_000, -1, 0, 1, 1_000_000, .max / 2, .max - 1, .max]
        let intervals: [Int64] = [1_000_000, 1_000_001, 2_000_000_000, .max / 46, .max - 1, .max]
        let cursors: [Int?] = [nil, .min, -1, 0, 1, 45, 46, 47, .max - 1, .max]
        for (count, interval) in [1, 2, 46, .max].flatMap({ count in intervals.map { (count, $0) } }) {
            for pace in [Pace.reader] + times.map({ .shared(epochNanoseconds: $0) }) {
                let reading = Reading(
                    count: count, intervalNanoseconds: interval, pace: pace, atEnd: atEnd)
                for (now, cursor) in times.flatMap({ now in cursors.map { (now, $0) } }) {
                    checkSteps(of: reading, cursor: cursor, at: now)
                }
            }
        }
    }

    /// Four steps from any place: what is due is heard, what is not names a later time.
    private func checkSteps(of reading: Reading, cursor: Int?, at now: Int64) {
        var reader = reading.begin(after: cursor, at: now)
        for _ in 0..<4 {
            switch reading.step(reader, at: now) {
            case .stanza(let stanza):
                if !(0..<reading.count).contains(stanza) { Issue.record("\(reading): no stanza \(stanza)") }
            case .wait(let until):
                if until <= now { Issue.record("\(reading): waits at \(now) until \(until)") }
            case .end:
                if reading.atEnd != .close { Issue.record("\(reading) ends") }
            case .stay:
                if reading.atEnd != .stay { Issue.record("\(reading) stays") }
            }
            let next = reading.advanced(reader)
            if next.dueNanoseconds < reader.dueNanoseconds { Issue.record("\(reading): went back in time") }
            reader = next
        }
    }
}
