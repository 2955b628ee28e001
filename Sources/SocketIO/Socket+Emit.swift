public import SocketIOCore
internal import Synchronization

extension Socket {
    /// Sends an event to this client. On one that has left it does nothing.
    ///
    /// - Throws: ``EventNameError``, or `EncodingError` for an argument that is no JSON.
    public func emit<each Argument: Encodable>(_ event: String, _ arguments: repeat each Argument) throws {
        try emit(event, arguments: EventCoding.encode(repeat each arguments))
    }

    /// The same with arguments that are JSON already, as many as there are. ``JSON/binary(_:)`` travels as an
    /// attachment where the client's generation has attachments.
    public func emit(_ event: String, arguments: [JSON]) throws(EventNameError) {
        try EventNameError.check(event)
        send([.string(event)] + arguments)
    }

    /// What is sent by way of it may be lost: if the client cannot take it at this moment, it does not get it.
    public var volatile: VolatileSocket { VolatileSocket(socket: self) }

    private func send(_ event: [JSON]) {
        guard let recovery = namespace.recovery, stay != nil, let hub = namespace.hub else {
            return onLoop { [sid, namespace] shard, now in
                shard.client(sid)?.emit(event, namespace: namespace.name, at: now)
            }
        }
        let itself = Selection(rooms: [id])
        recovery.record(event, for: itself, at: hub.now, isShared: true) { broadcast, mark in
            onLoop { shard, now in shard.deliver(broadcast, to: itself, at: now) }
            // Others have nobody of that name. But they count this node's events, and would miss one that is not theirs:
            // their offsets would stay behind, and be too old one day. And its client may just have gone to one of them.
            if let mark {
                hub.publish(.recoverable(itself, event: event, mark: mark), in: namespace.name)
            }
        }
    }

    // MARK: Questions

    /// Sends an event and waits for the client's acknowledgement.
    ///
    /// - Parameter timeout: how long the client has.
    /// - Throws: ``QuestionError`` when there will be no answer; ``EventNameError``; `EncodingError`.
    public func emitWithAck<each Argument: Encodable>(
        _ event: String, _ arguments: repeat each Argument, timeout: Duration = .seconds(5)
    ) async throws -> Reply {
        try EventNameError.check(event)
        let event = [.string(event)] + (try EventCoding.encode(repeat each arguments))
        let question = ClientQuestion()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                question.wait(with: waiter)
                // Whoever drops this work, the end of its loop perhaps, drops the question, which then says so.
                onLoop { [sid, namespace] shard, now in
                    guard let client = shard.client(sid) else {
                        return question.resolve(.failure(.disconnected))
                    }
                    client.ask(event, question, timeout: timeout, namespace: namespace.name, at: now)
                }
            }
        } onCancel: {
            question.resolve(.failure(.cancelled))
        }
    }
}

/// A socket to which what is sent may be lost.
public struct VolatileSocket: Sendable {
    let socket: Socket

    /// Sends the event if the client can take it now: no poll is open, or bytes wait for it, and it is dropped.
    ///
    /// - Throws: ``EventNameError``, or `EncodingError` for an argument that is no JSON.
    public func emit<each Argument: Encodable>(_ event: String, _ arguments: repeat each Argument) throws {
        try EventNameError.check(event)
        let event = [.string(event)] + (try EventCoding.encode(repeat each arguments))
        socket.onLoop { [sid = socket.sid, name = socket.namespace.name] shard, now in
            shard.client(sid)?.emit(event, namespace: name, isVolatile: true, at: now)
        }
    }
}

/// A client's acknowledgement.
public struct Reply: Equatable, Sendable {
    /// JSON values, and bytes where the client's generation has them.
    public let arguments: [JSON]

    /// The arguments in the application's types; missing ones are nil where the type is optional.
    ///
    /// - Throws: ``ArgumentError``.
    public func decoded<each Argument: Decodable>(
        as types: repeat (each Argument).Type
    ) throws -> (repeat each Argument) {
        try EventCoding.decode(arguments, event: "acknowledgement", as: repeat each types)
    }
}

/// Why a question has no answer.
public enum QuestionError: Error, Equatable, Sendable {
    /// The time given is over. An answer that comes later is dropped.
    case timedOut
    /// The socket has left, or had left before.
    case disconnected
    /// The asking task was cancelled.
    case cancelled
}

/// A question to one client. Whichever comes first decides: the answer, the timeout, the client's end.
final class ClientQuestion: Sendable {
    private struct State {
        var waiter: CheckedContinuation<Reply, any Error>?
        var result: Result<Reply, QuestionError>?
    }

    private let state = Mutex(State())
    /// For a question that is one of many.
    private let answered: (@Sendable (Result<Reply, QuestionError>) -> Void)?

    init(_ answered: (@Sendable (Result<Reply, QuestionError>) -> Void)? = nil) { self.answered = answered }

    deinit {
        state.withLock { $0.waiter }?.resume(throwing: QuestionError.disconnected)
    }

    func wait(with waiter: CheckedContinuation<Reply, any Error>) {
        let result = state.withLock { state in
            if state.result == nil { state.waiter = waiter }
            return state.result
        }
        if let result { waiter.resume(with: result.mapError { $0 }) }
    }

    func resolve(_ result: Result<Reply, QuestionError>) {
        let (isFirst, waiter) = state.withLock { state in
            guard state.result == nil else { return (false, nil as CheckedContinuation<Reply, any Error>?) }
            state.result = result
            defer { state.waiter = nil }
            return (true, state.waiter)
        }
        guard isFirst else { return }
        waiter?.resume(with: result.mapError { $0 })
        answered?(result)
    }
}

/// The end of a client's time to answer.
///
/// Owner: the event loop of its shard.
final class QuestionTimer: Timed {
    var scheduled = Instant.distantFuture
    private let question: ClientQuestion
    private let socket: Socket
    private let id: Int

    init(_ question: ClientQuestion, of socket: Socket, id: Int) {
        self.question = question
        self.socket = socket
        self.id = id
    }

    func deadlineReached(at now: Instant) {
        if socket.closed(id) != nil { question.resolve(.failure(.timedOut)) }
    }
}
