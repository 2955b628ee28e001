public import SocketIOCore
internal import Synchronization

/// A client in one namespace. It can be used from any task.
///
/// Its events are handled one after the other, in the order they came, by a task of its own: a slow handler holds up
/// this socket's next event and nothing else.
public final class Socket: Sendable {
    /// 20 characters on clients from Socket.IO 3 on, another one for each namespace. Before that the default
    /// namespace has the connection's id, and others have it behind their name; in 0.9 all have the connection's.
    public let id: String
    /// The namespace it has joined.
    public let namespace: Namespace
    /// What its client said when it came.
    public let handshake: Handshake
    /// The client has come back to its id, its rooms and its data, and to what it missed; or, where a feed is read,
    /// to its place.
    public let isRecovered: Bool
    let sid: String
    /// Nil where it could not come back.
    let stay: Stay?
    let onLoop: Shard.OnLoop
    private let handlers: Handlers
    private let state: Mutex<State>

    private struct State {
        var rooms: Set<String>
        var foundRooms: Set<String> = []
        var data: [String: JSON]
        var transport: String
        var isConnected = true
        var inbox: AsyncStream<Occurrence>.Continuation?
        /// Events that have come and not been handled.
        var waiting = 0
        var questions: [Int: ClientQuestion] = [:]
        var nextQuestion: Int
    }

    private enum Occurrence: Sendable {
        case event(Event)
        case left(CloseReason)
    }

    init(
        _ identity: Identity, namespace: Namespace, client: some Client, handshake: Handshake,
        transport: String
    ) {
        id = identity.id
        stay =
            namespace.recovery == nil
            ? nil
            : identity.pid.map {
                Stay(pid: $0, heardUpTo: identity.sequence, heardElsewhere: identity.heard)
            }
        isRecovered = identity.isRecovered
        self.namespace = namespace
        self.handshake = handshake
        sid = client.sid
        onLoop = client.shard.onLoop
        handlers = namespace.handlers
        // 0.9 counts its questions from 1: an id of 0 asks for nothing there.
        state = Mutex(
            State(
                rooms: identity.rooms, data: identity.data, transport: transport,
                nextQuestion: client.form == .v09 ? 1 : 0))
    }

    // MARK: What it is

    /// False once it has left: what is sent to it then goes nowhere.
    public var isConnected: Bool { state.withLock { $0.isConnected } }

    /// `websocket`, `polling`, or one of 0.9's: `htmlfile`, `xhr-polling`, `jsonp-polling`.
    public var transport: String { state.withLock { $0.transport } }

    /// What the application wants to know of this client, on every node that fetches it and after a recovery.
    public var data: [String: JSON] {
        get { state.withLock { $0.data } }
        set {
            state.withLock { $0.data = newValue }
            changed()
        }
    }

    /// Reads and changes ``data`` in one step.
    public func withData<Result: Sendable>(_ body: (inout sending [String: JSON]) -> sending Result) -> Result
    {
        defer { changed() }
        return state.withLock { state in
            var data = state.data
            let result = body(&data)
            state.data = data
            return result
        }
    }

    /// What the other nodes are to know of it has changed: several changes in one turn are told once.
    private func changed() {
        guard let stay, let recovery = namespace.recovery, recovery.store != nil,
            !stay.isChanged.exchange(true, ordering: .relaxed)
        else { return }
        onLoop { _, _ in
            stay.isChanged.store(false, ordering: .relaxed)
            recovery.changed(self, pid: stay.pid)
        }
    }

    // MARK: Rooms

    /// The rooms it has joined; its id, which is one as well, is not among them.
    public var rooms: Set<String> { state.withLock { $0.rooms } }

    /// Rooms are made by joining them and forgotten with the last socket that leaves.
    ///
    /// - Throws: ``RoomLimitError`` beyond ``Settings/maxRooms``; then none of `rooms` is joined.
    public func join(_ rooms: String...) throws(RoomLimitError) {
        let rooms = Set(rooms)
        try noted(joined: rooms)
        onLoop { shard, _ in shard.rooms(rooms, of: self, areJoined: true) }
    }

    /// Leaves rooms; those it is not in do not matter.
    public func leave(_ rooms: String...) {
        let rooms = Set(rooms)
        noted(left: rooms)
        onLoop { shard, _ in shard.rooms(rooms, of: self, areJoined: false) }
    }

    func noted(joined rooms: Set<String>) throws(RoomLimitError) {
        let limit = handshake.maxRooms
        let isJoined = state.withLock { state in
            let joined = state.rooms.union(rooms)
            guard joined.count <= limit else { return false }
            state.rooms = joined
            return true
        }
        guard isJoined else { throw RoomLimitError(limit: limit) }
        changed()
    }

    func noted(left rooms: Set<String>) {
        state.withLock { $0.rooms.subtract(rooms) }
        changed()
    }

    /// The rooms its event loop finds it in, for the event loop alone: ``rooms`` is ahead of it by the changes that
    /// are still under way.
    var foundRooms: Set<String> {
        get { state.withLock { $0.foundRooms } }
        set { state.withLock { $0.foundRooms = newValue } }
    }

    // MARK: To others

    /// Everybody in the namespace but this socket.
    public var broadcast: BroadcastOperator { namespace.except(id) }

    /// Sockets in these rooms, but not this one.
    public func to(_ rooms: String...) -> BroadcastOperator { broadcast.adding(rooms: rooms) }

    /// The same as ``to(_:)``.
    public func `in`(_ rooms: String...) -> BroadcastOperator { broadcast.adding(rooms: rooms) }

    /// Everybody but this socket and those in these rooms.
    public func except(_ rooms: String...) -> BroadcastOperator {
        var operation = broadcast
        operation.selection.except.formUnion(rooms)
        return operation
    }

    // MARK: The end

    /// Ends this socket's stay in its namespace: "server namespace disconnect".
    ///
    /// - Parameter close: also ends the connection, for all namespaces it is in.
    public func disconnect(close: Bool = false) {
        onLoop { [sid, namespace] shard, now in
            shard.client(sid)?.disconnect(from: namespace.name, closes: close, at: now)
        }
    }

    // MARK: For the library

    /// Begins to handle what comes. One task a socket keeps its events in order and away from the event loop.
    ///
    /// - Parameter back: what it was before: the handlers of that one end before those of this one begin, because an
    ///   application knows both by one id.
    func begin(after back: RecoveryLog.Return? = nil) {
        guard !handlers.isQuiet else { return }
        let (stream, inbox) = AsyncStream.makeStream(of: Occurrence.self)
        state.withLock { $0.inbox = inbox }
        guard let back else { return serve(stream) }
        // A task of its own, which keeps what was missed no longer than it needs to.
        Task {
            await goOn(from: back)
            serve(stream)
        }
    }

    private func serve(_ stream: AsyncStream<Occurrence>) {
        Task {
            for handler in handlers.connect { await run("connect") { try await handler(self) } }
            for await occurrence in stream {
                switch occurrence {
                case .event(let event): await handle(event)
                case .left(let reason):
                    for handler in handlers.disconnect {
                        await run("disconnect") { try await handler(self, reason) }
                    }
                }
            }
            stay?.end.open()
        }
    }

    /// Waits for the last handler of what this was before, and takes over what that has changed since.
    private func goOn(from back: RecoveryLog.Return) async {
        guard let earlier = back.earlier else { return }
        await earlier.stay?.end.pass()
        let (before, after) = (back.person, earlier.person)
        guard before != after else { return }
        state.withLock { state in
            let keys = Set(before.data.keys).union(after.data.keys)
            for key in keys where before.data[key] != after.data[key] {
                state.data[key] = after.data[key]
            }
        }
        let (joined, left) = (after.rooms.subtracting(before.rooms), before.rooms.subtracting(after.rooms))
        noted(left: left)
        onLoop { shard, _ in shard.rooms(left, of: self, areJoined: false) }
        // Its rooms were within the limit before; a middleware may have added some.
        guard (try? noted(joined: joined)) != nil else { return }
        onLoop { shard, _ in shard.rooms(joined, of: self, areJoined: true) }
    }

    private func handle(_ event: Event) async {
        for handler in handlers.anyEvent + (handlers.events[event.name] ?? []) {
            await run(event.name) { try await handler(self, event) }
        }
        state.withLock { $0.waiting -= 1 }
    }

    private func run(_ event: String, _ step: () async throws -> Void) async {
        do {
            try await step()
        } catch {
            namespace.hub?.report(
                HandlerFailure(namespace: namespace.name, socketID: id, event: event, error: error))
        }
    }

    func hears(_ event: String) -> Bool { handlers.hears(event) }

    /// False: too many are waiting for their handlers.
    func received(_ event: Event, atMost limit: Int) -> Bool {
        state.withLock { state in
            guard state.waiting < limit else { return false }
            state.waiting += 1
            state.inbox?.yield(.event(event))
            return true
        }
    }

    func left(_ reason: CloseReason) {
        let questions = state.withLock { state -> [ClientQuestion] in
            guard state.isConnected else { return [] }
            state.isConnected = false
            state.inbox?.yield(.left(reason))
            state.inbox?.finish()
            // Nobody listens, or it was never begun.
            if state.inbox == nil { stay?.end.open() }
            defer { state.questions = [:] }
            return Array(state.questions.values)
        }
        for question in questions { question.resolve(.failure(.disconnected)) }
    }

    func changed(transport: String) { state.withLock { $0.transport = transport } }

    /// The id under which the client answers; nil when it has left.
    func opened(_ question: ClientQuestion) -> Int? {
        state.withLock { state in
            guard state.isConnected else { return nil }
            defer { state.nextQuestion += 1 }
            state.questions[state.nextQuestion] = question
            return state.nextQuestion
        }
    }

    func closed(_ id: Int) -> ClientQuestion? { state.withLock { $0.questions.removeValue(forKey: id) } }

    var person: RecoveryLog.Person {
        state.withLock { RecoveryLog.Person(id: id, rooms: $0.rooms, data: $0.data) }
    }

    var description: SocketDescription {
        let person = person
        return SocketDescription(
            id: id, rooms: person.rooms.union([id]), data: person.data, handshake: handshake.json)
    }
}

/// Who a socket is when it joins.
struct Identity: Sendable {
    var id: String
    var pid: String?
    var isRecovered = false
    var rooms: Set<String> = []
    var data: [String: JSON] = [:]
    var sequence: UInt64 = 0
    var heard: [String: UInt64] = [:]
}

/// A socket would be in more rooms than the server's ``Settings/maxRooms`` allows.
public struct RoomLimitError: Error, Equatable, Sendable, CustomStringConvertible {
    /// ``Settings/maxRooms`` as it is set.
    public let limit: Int
    /// A sentence that names the setting.
    public var description: String { "a socket may be in \(limit) rooms; see Settings.maxRooms" }
}
