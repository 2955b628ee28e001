internal import Synchronization

/// The one number that all loops count together: open connections, for the limit and for the end of a shutdown.
final class Counters: Sendable {
    private let connections = Atomic<Int>(0)

    var openConnections: Int { connections.load(ordering: .relaxed) }
    func opened() { connections.add(1, ordering: .relaxed) }
    func closed() { connections.subtract(1, ordering: .relaxed) }
}
