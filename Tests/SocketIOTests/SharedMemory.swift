import SocketIO
import SocketIOCore
import Synchronization

/// What the nodes of a simulated cluster have in common: a store that does everything at once, and mail that waits
/// until it is delivered.
final class SharedMemory: Sendable {
    typealias Letter = @Sendable (any ClusterReceiver) -> Void

    struct State {
        /// In the order they came.
        var events: [RecoverableEvent] = []
        var sessions: [String: (owner: String, session: RecoverableSession)] = [:]
        /// By whom; not yet kept.
        var taken: [String: (by: String, session: RecoverableSession)] = [:]
        /// It cannot be asked for heads.
        var isAway = false
        /// What is under way to each node that lives.
        var mail: [String: [Letter]] = [:]
    }

    let state = Mutex(State())

    /// One node's way to the others.
    final class Post: Adapter, RecoveryStore {
        let memory: SharedMemory
        let origin: String
        private let receiver = Mutex<(any ClusterReceiver)?>(nil)

        init(_ memory: SharedMemory, origin: String) {
            self.memory = memory
            self.origin = origin
            memory.state.withLock { $0.mail[origin] = [] }
        }

        var recovery: (any RecoveryStore)? { self }

        // MARK: Mail

        func start(_ cluster: any ClusterReceiver) async throws { receiver.withLock { $0 = cluster } }
        func peerCount(in namespace: String) async -> Int { memory.state.withLock { $0.mail.count } - 1 }
        func stop() async {}

        func publish(_ message: ClusterMessage, in namespace: String) {
            memory.state.withLock { state in
                for node in state.mail.keys where node != origin {
                    state.mail[node]?.append { $0.received(message, in: namespace) }
                }
            }
        }

        /// Reads one letter, if there is one.
        @discardableResult
        func read() -> Bool {
            let letter = memory.state.withLock { state -> Letter? in
                guard state.mail[origin]?.isEmpty == false else { return nil }
                return state.mail[origin]?.removeFirst()
            }
            guard let letter, let receiver = receiver.withLock({ $0 }) else { return false }
            letter(receiver)
            return true
        }

        /// The node is no more. What it had just taken is given back, which Redis would not do: that is the one moment
        /// in which a client's second misfortune is lost.
        func die() {
            memory.state.withLock { state in
                state.mail[origin] = nil
                for (pid, taken) in state.taken where taken.by == origin {
                    state.sessions[pid] = (taken.by, taken.session)
                    state.taken[pid] = nil
                }
            }
        }

        // MARK: Store

        func record(_ event: RecoverableEvent, in namespace: String, within settings: RecoverySettings) {
            memory.state.withLock { $0.events.append(event) }
        }

        func heads(in namespace: String) async -> [String: UInt64]? {
            memory.state.withLock { state in
                if state.isAway { return nil }
                return state.events.reduce(into: [:]) { $0[$1.mark.origin] = $1.mark.number }
            }
        }

        func events(
            after heard: [String: UInt64], in namespace: String, within settings: RecoverySettings
        ) async -> [RecoverableEvent]? {
            memory.state.withLock { state in
                state.events.filter { $0.mark.number > heard[$0.mark.origin] ?? 0 }
            }
        }

        func keep(
            _ session: RecoverableSession, pid: String, isNew: Bool, in namespace: String,
            within settings: RecoverySettings
        ) {
            memory.state.withLock { state in
                guard isNew || state.sessions[pid]?.owner == origin else { return }
                guard state.mail[origin] != nil else { return }
                state.taken[pid] = nil
                state.sessions[pid] = (origin, session)
            }
        }

        func left(
            _ session: RecoverableSession?, pid: String, in namespace: String,
            within settings: RecoverySettings
        ) {
            memory.state.withLock { state in
                guard state.sessions[pid]?.owner == origin else { return }
                state.sessions[pid] = session.map { (origin, $0) }
            }
        }

        func take(pid: String, in namespace: String) async -> StoredClient {
            memory.state.withLock { state in
                // Work of a killed node that still runs here.
                guard state.mail[origin] != nil else { return .unknown }
                if state.taken[pid] != nil { return .busy }
                guard let (owner, session) = state.sessions.removeValue(forKey: pid) else { return .unknown }
                state.taken[pid] = (origin, session)
                if owner != origin { state.mail[owner]?.append { $0.taken(pid: pid, in: namespace) } }
                return .found(session)
            }
        }
    }
}
