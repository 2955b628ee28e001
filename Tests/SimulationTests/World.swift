import SocketIO
import SocketIOCore

@testable import dante

/// Everything above the edge, in one thread and on a clock of its own: one shard with the real application, the
/// links to it, and whoever is at their other ends. The same seed gives the same run.
final class World {
    private struct Event {
        let at: Instant
        let order: Int
        let act: () -> Void
    }

    private(set) var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var random: SplitMix64
    private(set) var shard: Shard!
    private var events: [Event] = []
    private var order = 0
    let trouble: Trouble
    /// Answers that were lost on their way.
    var lostAnswers = 0

    convenience init(seed: UInt64, app: RecitalApp, trouble: Trouble) {
        self.init(seed: seed, server: app.server, trouble: trouble)
    }

    init(seed: UInt64, server: Server, trouble: Trouble) {
        random = SplitMix64(seed: seed)
        self.trouble = trouble
        var ids = SplitMix64(seed: seed ^ 0xd1ce)
        shard = Shard(server: server, index: 0, startingAt: now, random: { ids.next() })
    }

    // MARK: Chance

    func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }
    func between(_ low: Duration, _ high: Duration) -> Duration {
        .nanoseconds(Int64.random(in: low.wholeNanoseconds...high.wholeNanoseconds, using: &random))
    }
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    func latency() -> Duration { between(.milliseconds(1), trouble.worstLatency) }

    // MARK: Time

    func after(_ span: Duration, _ act: @escaping () -> Void) { at(now + span, act) }

    func at(_ moment: Instant, _ act: @escaping () -> Void) {
        order += 1
        let event = Event(at: max(moment, now), order: order, act: act)
        let index = events.partitioned { ($0.at, $0.order) > (event.at, event.order) }
        events.insert(event, at: index)
    }

    /// Runs until `isDone`, nothing is left, or the clock reaches `end`. The order in which a timer and an event of
    /// the same moment come is the timer first.
    func run(until end: Instant, isDone: () -> Bool) {
        while !isDone() {
            let wake = shard.nextWake ?? .distantFuture
            let next = events.last?.at ?? .distantFuture
            guard min(wake, next) < end else { return }
            if wake <= next {
                now = max(now, wake)
                while shard.advance(to: now, atMost: number(1...8)) {}
            } else if let event = events.popLast() {
                now = event.at
                event.act()
            }
        }
    }
}

/// How bad the network and the readers are.
struct Trouble {
    var worstLatency: Duration = .milliseconds(40)
    /// Of every piece that travels: that the connection is cut instead.
    var cut = 0.0
    /// Of every answer, beside that: that the connection dies when it has been written and has not yet arrived.
    var answerCut = 0.0
    /// Of every write: that the reader does not read for a while.
    var stall = 0.0
    var worstStall: Duration = .seconds(9)

    static let none = Trouble()
    /// Nothing is lost, and everything comes as late as it likes.
    static let hasty = Trouble(worstLatency: .milliseconds(300))
    static let lostAnswers = Trouble(worstLatency: .milliseconds(300), answerCut: 0.15)
    static let bad = Trouble(worstLatency: .milliseconds(300), cut: 0.02, stall: 0.05)
    static let terrible = Trouble(worstLatency: .seconds(3), cut: 0.12, stall: 0.2)
}

extension Array {
    /// Where an element belongs in an array that is sorted from last to first.
    fileprivate func partitioned(_ isBefore: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
