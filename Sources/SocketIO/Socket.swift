internal import Synchronization

/// An event that a client has sent.
public struct Event: Sendable {
    public let name: String
    /// JSON values, and bytes where the client's generation has them. 0.9's plain messages are events named
    /// `message` with one argument.
    public let arguments: [JSON]
    /// Answers the callback that the client waits for; nil when it does not.
    public let acknowledgement: Acknowledgement?
}

/// The answer to a client's callback. Only the first one counts: a second call does nothing, as in Socket.IO.
public final class Acknowledgement: Sendable {
    private let isAnswered = Atomic<Bool>(false)
    private let answer: @Sendable ([JSON]) -> Void

    init(_ answer: @escaping @Sendable ([JSON]) -> Void) { self.answer = answer }

    public func callAsFunction(_ arguments: JSON...) { send(arguments) }

    public func send(_ arguments: [JSON]) {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return }
        answer(arguments)
    }
}

/// Handles one event of one socket. The next event of that socket waits until it returns; what it throws ends
/// nothing but this event.
public typealias EventHandler = @Sendable (_ event: Event, _ socket: Socket) async throws -> Void

/// A client in one namespace, as a handler sees it: it can be used from any task.
public final class Socket: Sendable {
    /// 20 characters; another one for each namespace and each connection.
    public let id: String
    public let namespace: String
    private let sid: String
    private let onLoop: Shard.OnLoop
    private let events: AsyncStream<Event>.Continuation

    /// Events that may wait for their handler; a client that sends more than that meanwhile is closed.
    static let maxWaitingEvents = 1_000

    init(id: String, namespace: Namespace, sid: String, onLoop: @escaping Shard.OnLoop) {
        self.id = id
        self.namespace = namespace.name
        self.sid = sid
        self.onLoop = onLoop
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingOldest(Self.maxWaitingEvents))
        events = continuation
        // One task a socket keeps its events in order and away from the event loop.
        Task { [handlers = namespace.handlers] in
            for await event in stream { try? await handlers[event.name]?(event, self) }
        }
    }

    /// Sends an event. On a socket that has gone it does nothing.
    ///
    /// - Parameter arguments: what the client's handler gets; ``JSON/binary(_:)`` travels as an attachment where
    ///   the client's generation has attachments.
    public func emit(_ event: String, _ arguments: JSON...) { emit(event, arguments) }

    public func emit(_ event: String, _ arguments: [JSON]) {
        onLoop { [sid, namespace] shard, now in
            shard.client(sid)?.emit(event, arguments, namespace: namespace, at: now)
        }
    }

    /// Ends this socket's stay in its namespace; the connection stays for the others.
    public func disconnect() {
        onLoop { [sid, namespace] shard, now in
            guard let client = shard.client(sid), let index = client.membership(of: namespace) else { return }
            client.leave(index)
            client.sendDisconnect(namespace: namespace, at: now)
            client.settle(at: now)
        }
    }

    /// False: too many are waiting.
    func received(_ event: Event) -> Bool {
        if case .dropped = events.yield(event) { return false }
        return true
    }

    func ended() { events.finish() }
}
