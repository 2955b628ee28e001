internal import SocketIOCore

/// What a server has done and has open, for those who run it.
///
/// Each event loop keeps its own, as plain integers; whoever asks gets their sum, by one hop to each loop. What can be
/// counted by looking (who is open, who is slow) is not counted on the way.
public struct Metrics: Sendable {
    /// How a reader reads.
    public struct Reader: Hashable, Sendable {
        /// Of Socket.IO: 0.9, 1, 2 or 4; `plain` for a reader without it.
        public let dialect: String
        /// `websocket`, `polling`, 0.9's own, or the name of a plain route.
        public let transport: String

        /// See the two properties; neither is a client's text.
        public init(dialect: String, transport: String) {
            self.dialect = dialect
            self.transport = transport
        }
    }

    /// Open sessions and plain readers.
    public var open: [Reader: Int] = [:]
    /// Entries of feeds that have been handed to the socket, or to a poll's answer.
    public var entries = 0
    /// How much later than due a reader's timer found it, as far as the server can help it: who was not ready is not
    /// counted here but in ``slowReaders``.
    public var lateness = Histogram()
    /// By reason.
    public var refusals: [String: Int] = [:]
    /// WebSockets opened with the sid of a polling session.
    public var upgradesTried = 0
    /// Those that became its transport.
    public var upgradesWon = 0
    /// Connections with something written that their client has not taken yet.
    public var slowReaders = 0
    /// The bytes of it that wait here; what the kernel holds comes on top.
    public var bytesOwed = 0

    /// Nothing yet.
    public init() {}

    /// - Parameter reason: one of a few words, never a client's.
    public mutating func refused(_ reason: String) { refusals[reason, default: 0] += 1 }

    /// Both loops together.
    public static func + (a: Metrics, b: Metrics) -> Metrics {
        var sum = a
        sum.open.merge(b.open, uniquingKeysWith: +)
        sum.entries += b.entries
        sum.lateness = a.lateness + b.lateness
        sum.refusals.merge(b.refusals, uniquingKeysWith: +)
        sum.upgradesTried += b.upgradesTried
        sum.upgradesWon += b.upgradesWon
        sum.slowReaders += b.slowReaders
        sum.bytesOwed += b.bytesOwed
        return sum
    }
}

/// How often a span was how long.
public struct Histogram: Equatable, Sendable {
    /// Upper bounds, in milliseconds; what is above the last goes into a bucket of its own.
    public static let bounds = [1, 2, 5, 10, 20, 50, 100, 500, 1000]

    /// One for each bound, and one more; not cumulative.
    public private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// All spans together.
    public private(set) var nanoseconds: Int64 = 0

    /// Nothing yet.
    public init() {}

    /// How many spans there were.
    public var count: Int { counts.reduce(0, +) }

    /// - Cost: one or two comparisons where nearly all are.
    package mutating func record(_ span: Int64) {
        var index = 0
        while index < Self.bounds.count, span > Int64(Self.bounds[index]) &* 1_000_000 { index += 1 }
        counts[index] += 1
        nanoseconds &+= span
    }

    /// Both together.
    public static func + (a: Histogram, b: Histogram) -> Histogram {
        var sum = a
        for index in sum.counts.indices { sum.counts[index] += b.counts[index] }
        sum.nanoseconds &+= b.nanoseconds
        return sum
    }
}

/// Why an answer refuses, for the log and the count.
package struct RefusalNote: Sendable {
    /// One of a few words of ours, never a client's.
    package let reason: String
    /// What was offending, as the client wrote it.
    package var value = ""
    /// The flag that would allow it, where there is one.
    package var setting: String?

    package init(_ reason: String, value: String = "", setting: String? = nil) {
        self.reason = reason
        self.value = value
        self.setting = setting
    }
}

extension Shard {
    /// This loop's part of what the edge sums up, less what only the edge can see.
    package var totals: Totals {
        var totals = Totals()
        totals.sessions = sessionCount
        totals.readers = readers
        totals.metrics = metrics
        for client in openClients {
            let kind = Metrics.Reader(dialect: client.generation.rawValue, transport: client.transportName)
            totals.metrics.open[kind, default: 0] += 1
        }
        return totals
    }
}

extension Client {
    /// The timer has come for this client, and perhaps for an entry.
    func noteLateness(at now: Instant) {
        guard hasWay else { return }
        for index in memberships.indices {
            let due = memberships[index].reader.due
            if due <= now { shard.metrics.lateness.record(now.nanoseconds &- due.nanoseconds) }
        }
    }
}
