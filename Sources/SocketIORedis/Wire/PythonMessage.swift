package import SocketIOCore

/// What servers of python-socketio 5 say to each other, as JSON on one channel (`socketio`).
///
/// Pickle, which version 4 and before wrote, is never read: who can write to the channel could run code with it.
///
/// - Source: python-socketio 5.16 to 5.18 `src/socketio/pubsub_manager.py`, `redis_manager.py`.
package struct PythonMessage: Equatable, Sendable {
    package struct Callback: Equatable, Sendable {
        package var room: String
        package var namespace: String
        package var id: Int

        package init(room: String, namespace: String, id: Int) {
            self.room = room
            self.namespace = namespace
            self.id = id
        }
    }

    package enum Kind: Equatable, Sendable {
        /// - Parameters:
        ///   - rooms: None: everybody. Every socket is in a room of its own id.
        ///   - skipped: Ids of sockets.
        case emit(event: String, arguments: [JSON], rooms: [String], skipped: [String], Callback?)
        case callback(sid: String, id: Int, arguments: [JSON])
        case disconnect(sid: String)
        case enterRoom(sid: String, room: String)
        case leaveRoom(sid: String, room: String)
        case closeRoom(String)
    }

    package var kind: Kind
    package var namespace: String
    /// Of the server that sends it; for a callback, of the server it is for.
    package var host: String

    package init(_ kind: Kind, namespace: String, host: String) {
        self.kind = kind
        self.namespace = namespace
        self.host = host
    }

    package var encoded: [UInt8] {
        var members = body
        members.append(.init("namespace", .string(namespace)))
        members.append(.init("host_id", .string(host)))
        return JSON.object(members).bytes()
    }

    private var body: [JSON.Member] {
        switch kind {
        case .emit(let event, let arguments, let rooms, let skipped, let callback):
            return Self.emit(event, arguments, rooms, skipped, callback)
        case .callback(let sid, let id, let arguments):
            return [
                .init("method", .string("callback")), .init("sid", .string(sid)),
                .init("id", .number(String(id))),
                .init("args", .array(arguments)),
            ]
        case .disconnect(let sid):
            return [.init("method", .string("disconnect")), .init("sid", .string(sid))]
        case .enterRoom(let sid, let room): return Self.room("enter_room", sid, room)
        case .leaveRoom(let sid, let room): return Self.room("leave_room", sid, room)
        case .closeRoom(let room):
            return [.init("method", .string("close_room")), .init("room", .string(room))]
        }
    }

    private static func room(_ method: String, _ sid: String, _ room: String) -> [JSON.Member] {
        [.init("method", .string(method)), .init("sid", .string(sid)), .init("room", .string(room))]
    }

    private static func emit(
        _ event: String, _ arguments: [JSON], _ rooms: [String], _ skipped: [String], _ callback: Callback?
    ) -> [JSON.Member] {
        var attachments: [[UInt8]] = []
        var data = JSON.array(arguments).detached(into: &attachments)
        if !attachments.isEmpty {
            data = .array(
                [data] + attachments.map { .string(String(decoding: Base64.encode($0), as: UTF8.self)) })
        }
        let called = callback.map {
            JSON.array([.string($0.room), .string($0.namespace), .number(String($0.id))])
        }
        return [
            .init("method", .string("emit")), .init("event", .string(event)), .init("data", data),
            .init("binary", .bool(!attachments.isEmpty)),
            .init("room", rooms.count > 1 ? .texts(rooms) : rooms.first.map { .string($0) } ?? .null),
            .init("skip_sid", skipped.isEmpty ? .null : .texts(skipped)),
            .init("callback", called ?? .null),
        ]
    }

    /// Nil when it is no message that is known; pickled ones are among those.
    package init?(_ bytes: [UInt8]) {
        guard bytes.first == UInt8(ascii: "{"), let json = try? JSON.parse(bytes[...]),
            let kind = Self.kind(json)
        else { return nil }
        self.kind = kind
        namespace = json["namespace"]?.asText ?? "/"
        host = json["host_id"]?.asText ?? ""
    }

    private static func kind(_ json: JSON) -> Kind? {
        let sid = json["sid"]?.asText
        let room = json["room"]?.asText
        switch json["method"]?.asText {
        case "emit": return emit(json)
        case "callback":
            guard let sid, let id = json["id"]?.int, let arguments = json["args"]?.array else {
                return nil
            }
            return .callback(sid: sid, id: id, arguments: arguments)
        case "disconnect": return sid.map { .disconnect(sid: $0) }
        case "enter_room": return sid.flatMap { sid in room.map { .enterRoom(sid: sid, room: $0) } }
        case "leave_room": return sid.flatMap { sid in room.map { .leaveRoom(sid: sid, room: $0) } }
        case "close_room": return room.map { .closeRoom($0) }
        default: return nil
        }
    }

    private static func emit(_ json: JSON) -> Kind? {
        guard let event = json["event"]?.string, var arguments = json["data"]?.array else { return nil }
        if json["binary"] == true {
            let attachments = arguments.dropFirst().map { Base64.decode(Array(($0.string ?? "").utf8)[...]) }
            guard let first = arguments.first, let whole = try? first.attached(Array(attachments)) else {
                return nil
            }
            arguments = whole.array ?? [whole]
        }
        var callback: Callback?
        if let parts = json["callback"]?.array, parts.count == 3, let room = parts[0].asText,
            let namespace = parts[1].asText, let id = parts[2].int
        {
            callback = Callback(room: room, namespace: namespace, id: id)
        }
        return .emit(
            event: event, arguments: arguments, rooms: names(json["room"]), skipped: names(json["skip_sid"]),
            callback)
    }

    /// One name, a list of them, or none.
    private static func names(_ json: JSON?) -> [String] { json?.asText.map { [$0] } ?? JSON.texts(json) }
}
