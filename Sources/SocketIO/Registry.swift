internal import SocketIOCore
internal import Synchronization

/// The namespaces of a server, by name and by predicate. Shared by all copies of a ``Server``.
package final class Registry: Sendable {
    private struct State {
        var namespaces: [String: Namespace] = [:]
        var parents: [(matches: @Sendable (String) -> Bool, namespace: Namespace)] = []
        var recovery: RecoverySettings?
        var maxDynamic = 0
        /// How many clients are in each dynamic namespace, or at its door.
        var populations: [String: Int] = [:]
        /// Logs of dynamic namespaces that are gone, the last at the end.
        var resting: [(name: String, log: RecoveryLog)] = []
    }

    package let hub = Hub()
    private let state = Mutex(State())

    /// The main namespace is always there, as in the reference: clients before Socket.IO 3 are in it from the
    /// beginning, whatever others they ask for.
    init() { add(Namespace("/")) }

    func add(_ namespace: Namespace) {
        namespace.stand(on: hub)
        if !namespace.handlers.isQuiet { hub.keepHandshakes() }
        state.withLock { state in
            let replaced = state.namespaces.updateValue(namespace, forKey: namespace.name)
            if let recovery = state.recovery {
                namespace.recover(with: recovery, going: replaced?.recovery)
            }
        }
        hub.adapter?.open(namespace.name)
    }

    /// The one of that name, made where there is none.
    func namespace(named name: String) -> Namespace {
        if let known = known(name) { return known }
        let new = Namespace(name)
        add(new)
        return new
    }

    func addParent(_ parent: Namespace, matching matches: @escaping @Sendable (String) -> Bool) {
        parent.stand(on: hub)
        hub.keepHandshakes()
        state.withLock { $0.parents.append((matches, parent)) }
    }

    /// What a client asks for; nil when there is no such namespace, nor room for a new one.
    ///
    /// Whoever gets one stands at its door: ``leave(_:)`` must follow, whether it has gone in or not.
    func enter(_ name: String) -> Namespace? {
        let (known, parents) = state.withLock { state in
            state.populations[name]? += 1
            return (state.namespaces[name], state.parents)
        }
        // Outside of the lock: a predicate is the application's.
        guard known == nil, let parent = parents.first(where: { $0.matches(name) })?.namespace else {
            return known
        }
        return state.withLock { state in
            if let made = state.namespaces[name] {
                state.populations[name]? += 1
                return made
            }
            guard state.populations.count < state.maxDynamic else { return nil }
            let child = Namespace(name, feed: parent.feed, parent: parent)
            child.stand(on: hub)
            if let recovery = state.recovery {
                child.recover(with: recovery, going: wake(name, in: &state))
            }
            state.namespaces[name] = child
            state.populations[name] = 1
            hub.adapter?.open(name)
            return child
        }
    }

    /// The one of that name, if there is one now.
    func known(_ name: String) -> Namespace? { state.withLock { $0.namespaces[name] } }

    /// A client has left a namespace, or its door. Of a dynamic one it may have been the last.
    func leave(_ namespace: Namespace) {
        guard namespace.isDynamic else { return }
        state.withLock { state in
            guard let count = state.populations[namespace.name] else { return }
            state.populations[namespace.name] = count - 1
            guard count <= 1 else { return }
            state.populations[namespace.name] = nil
            state.namespaces[namespace.name] = nil
            hub.adapter?.close(namespace.name)
            rest(namespace, in: &state)
        }
    }

    /// The other nodes remember what number this one has come to in a namespace. When it comes into being again before
    /// they forget, it has to go on there.
    private func rest(_ namespace: Namespace, in state: inout State) {
        guard let log = namespace.recovery, hub.adapter?.recovery != nil else { return }
        if state.resting.count >= state.maxDynamic { state.resting.removeFirst() }
        log.rest()
        state.resting.append((namespace.name, log))
    }

    private func wake(_ name: String, in state: inout State) -> RecoveryLog? {
        guard let index = state.resting.firstIndex(where: { $0.name == name }) else { return nil }
        return state.resting.remove(at: index).log
    }

    /// Everything that has been added by now is to be heard of by `adapter`, and whatever is added later.
    func join(_ adapter: any Adapter) {
        hub.join(adapter)
        hub.keepHandshakes()
        for name in state.withLock({ Array($0.namespaces.keys) }) { adapter.open(name) }
    }

    /// The adapter can be asked from here on, and there are no clients yet.
    func learnHeads() async {
        for namespace in state.withLock({ Array($0.namespaces.values) }) {
            await namespace.recovery?.learnHeads()
        }
    }

    /// The settings are fixed from here on.
    func open(with settings: Settings) {
        state.withLock { state in
            state.maxDynamic = settings.maxDynamicNamespaces
            guard let recovery = settings.recovery else { return }
            state.recovery = recovery
            for namespace in state.namespaces.values { namespace.recover(with: recovery) }
        }
    }
}

/// What a server's namespaces share: the ways to its event loops, and to the other nodes.
package final class Hub: Sendable {
    private struct State {
        var loops: [Shard.OnLoop] = []
        var now: @Sendable () -> Instant = { Instant(nanoseconds: 0) }
        var report: @Sendable (HandlerFailure) -> Void = { _ in }
        var adapter: (any Adapter)?
    }

    private let state = Mutex(State())
    private let keepsHandshakesFlag = Atomic<Bool>(false)
    let questions = Questions()

    /// Whether anybody may want to know the request a client came with. Where nobody does, nobody pays for it.
    var keepsHandshakes: Bool { keepsHandshakesFlag.load(ordering: .relaxed) }
    func keepHandshakes() { keepsHandshakesFlag.store(true, ordering: .relaxed) }

    /// - Parameters:
    ///   - loops: one way in for each event loop.
    ///   - report: hears of every handler that has thrown.
    package func open(
        loops: [@Sendable (@escaping @Sendable (Shard, Instant) -> Void) -> Void],
        now: @escaping @Sendable () -> Instant, report: @escaping @Sendable (HandlerFailure) -> Void
    ) {
        state.withLock {
            $0.loops = loops
            $0.now = now
            $0.report = report
        }
    }

    /// The loops are about to end.
    package func close() { state.withLock { $0.loops = [] } }

    var adapter: (any Adapter)? { state.withLock { $0.adapter } }
    func join(_ adapter: (any Adapter)?) { state.withLock { $0.adapter = adapter } }

    var now: Instant { state.withLock { $0.now }() }

    /// Runs `work` once on every loop; one hop each.
    ///
    /// - Returns: on how many.
    @discardableResult
    func everywhere(_ work: @escaping @Sendable (Shard, Instant) -> Void) -> Int {
        let loops = state.withLock { $0.loops }
        for loop in loops { loop(work) }
        return loops.count
    }

    func publish(_ message: ClusterMessage, in namespace: String) {
        adapter?.publish(message, in: namespace)
    }

    func report(_ failure: HandlerFailure) { state.withLock { $0.report }(failure) }
}

/// An application's handler has thrown. That ended nothing but its own event.
public struct HandlerFailure: Sendable {
    /// The namespace of the socket, with its slash.
    public let namespace: String
    /// The id of ``Socket/id``.
    public let socketID: String
    /// The event, or "connect", "disconnect", "middleware".
    public let event: String
    /// What the handler threw.
    public let error: any Error
}
