public import SocketIOCore

/// Whatever can be spoken to: a server (its main namespace), a namespace, or a selection of its sockets.
///
///     try server.emit("news", "to everybody")
///     try chat.to("lobby").except("ann").volatile.emit("typing", "Bob")
///     let there = await chat.in("lobby").fetchSockets()
public protocol BroadcastTarget: Sendable {
    /// The sockets that are meant, as a value of their own.
    var operation: BroadcastOperator { get }
}

extension BroadcastTarget {
    // MARK: Whom

    /// Only sockets in these rooms, in addition to rooms named before. A socket's id is a room of its own.
    public func to(_ rooms: String...) -> BroadcastOperator { operation.adding(rooms: rooms) }

    /// The same as ``to(_:)``, for sentences that read better with it.
    public func `in`(_ rooms: String...) -> BroadcastOperator { operation.adding(rooms: rooms) }

    /// Not the sockets in any of these rooms.
    public func except(_ rooms: String...) -> BroadcastOperator {
        var operation = operation
        operation.selection.except.formUnion(rooms)
        return operation
    }

    /// What follows may be lost: a client that cannot take it at this moment does not get it.
    public var volatile: BroadcastOperator {
        var operation = operation
        operation.selection.isVolatile = true
        return operation
    }

    /// Only sockets of this node.
    public var local: BroadcastOperator {
        var operation = operation
        operation.isLocal = true
        return operation
    }

    /// How long questions wait for their answers; 5 s unless said.
    public func timeout(_ span: Duration) -> BroadcastOperator {
        var operation = operation
        operation.timeout = span
        return operation
    }

    // MARK: What

    /// Sends an event to every selected socket: encoded once for each generation of clients, with one hop to each
    /// event loop, and in the order of the calls of one task.
    ///
    /// - Throws: ``EventNameError``, or `EncodingError` for an argument that is no JSON.
    public func emit<each Argument: Encodable>(_ event: String, _ arguments: repeat each Argument) throws {
        try emit(event, arguments: EventCoding.encode(repeat each arguments))
    }

    /// The same with arguments that are JSON already, as many as there are.
    public func emit(_ event: String, arguments: [JSON]) throws(EventNameError) {
        try EventNameError.check(event)
        operation.send([.string(event)] + arguments)
    }

    /// Asks every selected client, and waits until all have answered.
    ///
    /// - Returns: the answers, in the order they came.
    /// - Throws: ``BroadcastTimeout`` with the answers that came in time; ``EventNameError``; `EncodingError`.
    public func emitWithAcks<each Argument: Encodable>(
        _ event: String, _ arguments: repeat each Argument
    ) async throws -> [Reply] {
        try EventNameError.check(event)
        let event = [.string(event)] + (try EventCoding.encode(repeat each arguments))
        return try await operation.ask(event)
    }

    // MARK: Who

    /// Every selected socket, on all nodes. From nodes that do not answer in time there are none.
    public func fetchSockets() async -> [RemoteSocket] { await operation.fetch() }

    /// Makes the selected sockets join rooms.
    public func socketsJoin(_ rooms: String...) {
        operation.instruct(.join(operation.selection, rooms: Set(rooms)))
    }

    /// Makes the selected sockets leave rooms.
    public func socketsLeave(_ rooms: String...) {
        operation.instruct(.leave(operation.selection, rooms: Set(rooms)))
    }

    /// Ends the selected sockets' stay in the namespace.
    ///
    /// - Parameter close: also ends their connections, for all namespaces they are in.
    public func disconnectSockets(close: Bool = false) {
        operation.instruct(.disconnect(operation.selection, closes: close))
    }

    // MARK: Servers

    /// Sends an event to the other servers of the cluster, whose ``Namespace/onServerSide(_:_:)`` hears it. Not to
    /// this one.
    public func serverSideEmit<each Argument: Encodable>(
        _ event: String, _ arguments: repeat each Argument
    ) throws {
        try EventNameError.check(event)
        let event = [.string(event)] + (try EventCoding.encode(repeat each arguments))
        operation.namespace.hub?.publish(.serverSide(event: event), in: operation.namespace.name)
    }

    /// The same, and waits for the others' answers.
    ///
    /// - Throws: ``BroadcastTimeout`` with the answers that came in time.
    public func serverSideEmitWithAcks<each Argument: Encodable>(
        _ event: String, _ arguments: repeat each Argument
    ) async throws -> [Reply] {
        try EventNameError.check(event)
        let event = [.string(event)] + (try EventCoding.encode(repeat each arguments))
        return try await operation.askServers(event)
    }

    /// Waits until everything said before would reach the sockets of the other servers even if this process ended
    /// now. A client that hears an acknowledgement only then may count on it.
    ///
    ///     try socket.broadcast.emit("said", text)
    ///     await socket.namespace.published()
    ///     try acknowledgement()
    ///
    /// - Returns: false, at once or soon, when the others cannot be reached; true where there are none.
    @discardableResult
    public func published() async -> Bool { await operation.namespace.hub?.adapter?.published() ?? true }
}

/// Sockets of one namespace that are meant by what follows: see ``BroadcastTarget``. A value: each word gives another
/// one.
public struct BroadcastOperator: BroadcastTarget {
    let namespace: Namespace
    var selection = Selection()
    var isLocal = false
    var timeout: Duration = .seconds(5)

    /// Itself.
    public var operation: BroadcastOperator { self }

    func adding(rooms: [String]) -> BroadcastOperator {
        var operation = self
        operation.selection.rooms.formUnion(rooms)
        return operation
    }

    /// - Parameter event: its name, then its arguments.
    func send(_ event: [JSON]) {
        guard let hub = namespace.hub else { return }
        namespace.say(event, to: selection, isLocal: isLocal, by: hub)
    }

    func instruct(_ message: ClusterMessage) {
        guard let hub = namespace.hub else { return }
        namespace.perform(message, by: hub)
        if !isLocal { hub.publish(message, in: namespace.name) }
    }
}

/// Not everybody has answered in time.
public struct BroadcastTimeout: Error, Sendable {
    /// What has come in time.
    public let replies: [Reply]
    /// How many more were waited for; nil when a node has not even said how many it asks.
    public let missing: Int?
}

/// A socket somewhere in the cluster, as it was when it was fetched.
public struct RemoteSocket: Sendable {
    let namespace: Namespace
    /// What its node has said about it.
    public let description: SocketDescription

    /// The id of ``Socket/id``.
    public var id: String { description.id }
    /// The rooms it was in, its own id among them.
    public var rooms: Set<String> { description.rooms }
    /// What the application had put down in ``Socket/data``.
    public var data: [String: JSON] { description.data }

    private var itself: BroadcastOperator { namespace.to(id) }

    /// Sends it an event, wherever it is connected. It goes nowhere when the socket has left since.
    ///
    /// - Throws: ``EventNameError``, or what the encoding of an argument throws.
    public func emit<each Argument: Encodable>(_ event: String, _ arguments: repeat each Argument) throws {
        try itself.emit(event, repeat each arguments)
    }

    /// Has it join a room.
    public func join(_ room: String) { itself.socketsJoin(room) }
    /// Has it leave a room.
    public func leave(_ room: String) { itself.socketsLeave(room) }
    /// Ends its stay in the namespace.
    ///
    /// - Parameter close: also ends its connection, with all its namespaces.
    public func disconnect(close: Bool = false) { itself.disconnectSockets(close: close) }
}
