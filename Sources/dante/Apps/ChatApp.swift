internal import SocketIOServer
internal import Synchronization

/// A chat with the events of Socket.IO 1.0's example, so that its clients work as they are.
///
/// | a guest sends | hears | the others hear |
/// | --- | --- | --- |
/// | `add user` name | `login` {numUsers} | `user joined` {username, numUsers} |
/// | `new message` text | | `new message` {username, message} |
/// | `typing`, `stop typing` | | the same {username} |
/// | (leaves) | | `user left` {username, numUsers} |
///
/// New is `refused` {event, reason}, to a guest whose name or message is not taken. Both are acknowledged, where a
/// client asks for it: with nothing, or with that same object. A message is acknowledged once the other nodes of a
/// cluster will have it even if this one ends.
///
/// - Source: socket.io, `examples/chat/index.js`.
struct ChatApp: Application {
    var limits = ChatLimits()
    /// By which the rate of messages is measured.
    var now: @Sendable () -> Instant = { .now }

    func mount(on namespace: Namespace) throws(EventNameError) {
        let host = ChatHost(limits)
        namespace.onConnect { socket in try await host.arrived(socket) }
        namespace.onDisconnect { socket, _ in try await host.left(socket) }
        try namespace.on("add user") {
            (socket: Socket, acknowledgement: Acknowledgement, name: String) in
            let verdict = host.change { $0.named(socket.id, name) }
            try await host.perform(verdict, of: "add user", socket, acknowledgement)
        }
        try namespace.on("new message") {
            [now]
            (socket: Socket, acknowledgement: Acknowledgement, text: String) in
            let verdict = host.change { $0.said(socket.id, text, at: now()) }
            try await host.perform(verdict, of: "new message", socket, acknowledgement)
        }
        for (event, isTyping) in [("typing", true), ("stop typing", false)] {
            try namespace.onEvent(event) { [now] socket, _ in
                let verdict = host.change { $0.typed(socket.id, isTyping: isTyping, at: now()) }
                try await host.perform(verdict, of: event, socket, nil)
            }
        }
        try namespace.onServerSide(ChatHost.census) { _ in [.number(String(host.change { $0.count }))] }
    }
}

/// A chat on one namespace: does what its room decides.
private final class ChatHost: Sendable {
    /// How many people are with you? Servers of one cluster ask each other.
    static let census = "chat census"
    /// Where a socket keeps its name, for a client that comes back to what it was.
    private static let nameKey = "username"

    private struct Person: Encodable {
        let username: String
        var numUsers: Int?
    }

    private struct Message: Encodable {
        let username: String
        let message: String
    }

    private struct Refusal: Encodable {
        let event: String
        let reason: String
    }

    private let room: Mutex<ChatRoom>

    init(_ limits: ChatLimits) { room = Mutex(ChatRoom(limits)) }

    func change<Result: Sendable>(_ body: (inout ChatRoom) -> Result) -> Result {
        room.withLock { room in body(&room) }
    }

    func arrived(_ socket: Socket) async throws {
        let name = socket.isRecovered ? socket.data[Self.nameKey]?.string : nil
        let verdict = change { room in
            room.arrived(socket.id)
            return name.map { room.named(socket.id, $0) } ?? .nothing
        }
        try await perform(verdict, of: "add user", socket, nil)
    }

    func left(_ socket: Socket) async throws {
        guard let guest = change({ $0.left(socket.id) }) else { return }
        let count = await others(of: socket) + guest.count
        try socket.broadcast.emit("user left", Person(username: guest.name, numUsers: count))
    }

    func perform(
        _ verdict: ChatRoom.Verdict, of event: String, _ socket: Socket, _ acknowledgement: Acknowledgement?
    ) async throws {
        switch verdict {
        case .joined(let name, let here):
            socket.data[Self.nameKey] = .string(name)
            let count = await others(of: socket) + here
            try socket.emit("login", ["numUsers": count])
            try socket.broadcast.emit("user joined", Person(username: name, numUsers: count))
        case .message(let name, let text):
            try socket.broadcast.emit("new message", Message(username: name, message: text))
            // What is acknowledged is not lost with this process.
            if acknowledgement?.isWanted == true { await socket.namespace.published() }
        case .typing(let name): try socket.broadcast.emit("typing", Person(username: name))
        case .stoppedTyping(let name): try socket.broadcast.emit("stop typing", Person(username: name))
        case .refused(let reason):
            let refusal = Refusal(event: event, reason: reason)
            try socket.emit("refused", refusal)
            try acknowledgement?(refusal)
            return
        case .nothing: break
        }
        try acknowledgement?()
    }

    /// How many people are with the other servers of the cluster, as far as they say in time.
    private func others(of socket: Socket) async -> Int {
        let all = socket.namespace.timeout(.seconds(1))
        do {
            return Self.sum(try await all.serverSideEmitWithAcks(Self.census))
        } catch let error as BroadcastTimeout {
            return Self.sum(error.replies)
        } catch {
            return 0
        }
    }

    private static func sum(_ replies: [Reply]) -> Int {
        replies.reduce(0) { $0 + ($1.arguments.first?.int ?? 0) }
    }
}
