package import SocketIO
package import SocketIOCore

/// The numbers that name requests and answers.
///
/// - Source: @socket.io/redis-adapter 8, `enum RequestType`.
enum AdapterRequestType: Int {
    case sockets, allRooms, remoteJoin, remoteLeave, remoteDisconnect, remoteFetch, serverSideEmit
    case broadcast, broadcastClientCount, broadcastAck
}

/// What one server asks of all.
///
/// - Source: @socket.io/redis-adapter 8 `onrequest` and the methods that publish. Version 7 and earlier join, leave and
///   disconnect one socket by its id: those are read as a selection of that socket's own room.
package struct AdapterRequest: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The ids of the sockets that are meant.
        case sockets(Selection)
        case allRooms
        case join(Selection, rooms: Set<String>)
        case leave(Selection, rooms: Set<String>)
        case disconnect(Selection, close: Bool)
        /// The sockets themselves: handshake, rooms, data.
        case fetch(Selection)
        /// An event for the servers; the first element is its name.
        case serverSideEmit([JSON])
        /// A broadcast whose every receiver acknowledges.
        case broadcast(AdapterPacket, Selection)
    }

    package var kind: Kind
    /// Who asks; nil when that is no server.
    package var uid: String?
    /// Nil: no answer is wanted.
    package var id: String?

    package init(_ kind: Kind, uid: String?, id: String? = nil) {
        self.kind = kind
        self.uid = uid
        self.id = id
    }

    // MARK: Bytes

    package var encoded: [UInt8] {
        var members: [JSON.Member] = []
        if let uid { members.append(.init("uid", .string(uid))) }
        if let id { members.append(.init("requestId", .string(id))) }
        members.append(.init("type", .number(String(type.rawValue))))
        members += body
        if case .broadcast = kind { return MessagePack.encode(.object(members)) }
        return JSON.object(members).bytes()
    }

    private var type: AdapterRequestType {
        switch kind {
        case .sockets: .sockets
        case .allRooms: .allRooms
        case .join: .remoteJoin
        case .leave: .remoteLeave
        case .disconnect: .remoteDisconnect
        case .fetch: .remoteFetch
        case .serverSideEmit: .serverSideEmit
        case .broadcast: .broadcast
        }
    }

    private var body: [JSON.Member] {
        func options(_ selection: Selection, _ more: JSON.Member...) -> JSON.Member {
            .init("opts", .object(selection.members + more))
        }
        switch kind {
        case .sockets(let selection): return [selection.members[0]]
        case .allRooms: return []
        case .join(let selection, let rooms), .leave(let selection, let rooms):
            return [options(selection), .init("rooms", .texts(rooms.sorted()))]
        case .disconnect(let selection, let close):
            return [options(selection), .init("close", .bool(close))]
        case .fetch(let selection): return [options(selection)]
        case .serverSideEmit(let data): return [.init("data", .array(data))]
        case .broadcast(let packet, let selection):
            return [.init("packet", packet.json), options(selection, selection.flags)]
        }
    }

    /// Nil when it is no request that is known.
    package init?(_ bytes: [UInt8]) {
        guard let json = JSON.message(bytes), let number = json["type"]?.int,
            let type = AdapterRequestType(rawValue: number), let kind = Self.kind(type, json)
        else { return nil }
        self.kind = kind
        uid = json["uid"]?.asText
        id = json["requestId"]?.asText
    }

    private static func kind(_ type: AdapterRequestType, _ json: JSON) -> Kind? {
        let options = json["opts"]
        switch type {
        case .sockets: return .sockets(Selection(json))
        case .allRooms: return .allRooms
        case .remoteJoin:
            return single(json).map { .join($0, rooms: json["room"]?.asText.map { [$0] } ?? []) }
                ?? .join(Selection(options), rooms: Set(JSON.texts(json["rooms"])))
        case .remoteLeave:
            return single(json).map { .leave($0, rooms: json["room"]?.asText.map { [$0] } ?? []) }
                ?? .leave(Selection(options), rooms: Set(JSON.texts(json["rooms"])))
        case .remoteDisconnect:
            return .disconnect(
                single(json) ?? Selection(options), close: json["close"] == true)
        case .remoteFetch: return .fetch(Selection(options))
        case .serverSideEmit:
            guard let data = json["data"]?.array, data.first?.string != nil else { return nil }
            return .serverSideEmit(data)
        case .broadcast:
            return AdapterPacket(json["packet"]).map { .broadcast($0, Selection(options)) }
        case .broadcastClientCount, .broadcastAck: return nil
        }
    }

    /// The one socket that an older server means.
    private static func single(_ json: JSON) -> Selection? {
        guard json["opts"] == nil, let sid = json["sid"]?.asText else { return nil }
        return Selection(rooms: [sid])
    }
}

/// What a server answers.
package struct AdapterResponse: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// To a request for sockets: their ids, or all about them.
        case sockets([JSON])
        case rooms([String])
        /// What a server's handler said. Socket.IO carries one argument; any other number stands beside it, where
        /// only servers of this kind look.
        case serverSideEmit([JSON])
        /// So many sockets of that server have got the broadcast.
        case clientCount(Int)
        /// What one of them said; the same holds of its arguments.
        case acknowledgement([JSON])
        /// Done, with nothing to say.
        case done
    }

    package var kind: Kind
    /// Of the request.
    package var id: String

    package init(_ kind: Kind, id: String) {
        self.kind = kind
        self.id = id
    }

    package var encoded: [UInt8] {
        func object(_ type: AdapterRequestType?, _ members: JSON.Member...) -> JSON {
            let type = type.map { JSON.Member("type", .number(String($0.rawValue))) }
            return .object([type, JSON.Member("requestId", .string(id))].compactMap { $0 } + members)
        }
        switch kind {
        case .sockets(let sockets): return object(nil, .init("sockets", .array(sockets))).bytes()
        case .rooms(let rooms): return object(nil, .init("rooms", .texts(rooms))).bytes()
        case .serverSideEmit(let answer):
            return arguments(answer, of: object(.serverSideEmit), "data").bytes()
        case .clientCount(let count):
            return object(.broadcastClientCount, .init("clientCount", .number(String(count)))).bytes()
        case .acknowledgement(let answer):
            // May hold bytes, which JSON does not.
            return MessagePack.encode(arguments(answer, of: object(.broadcastAck), "packet"))
        case .done: return object(nil).bytes()
        }
    }

    private func arguments(_ arguments: [JSON], of json: JSON, _ name: String) -> JSON {
        guard case .object(var members) = json else { return json }
        members.append(.init(name, arguments.first ?? .null))
        if arguments.count != 1 { members.append(.init("args", .array(arguments))) }
        return .object(members)
    }

    package init?(_ bytes: [UInt8]) {
        guard let json = JSON.message(bytes), let id = json["requestId"]?.asText else { return nil }
        self.id = id
        switch json["type"]?.int.flatMap(AdapterRequestType.init) {
        case .broadcastClientCount:
            guard let count = json["clientCount"]?.int else { return nil }
            kind = .clientCount(count)
        case .broadcastAck: kind = .acknowledgement(json["args"]?.array ?? [json["packet"] ?? .null])
        case .serverSideEmit: kind = .serverSideEmit(json["args"]?.array ?? [json["data"] ?? .null])
        default:
            if let sockets = json["sockets"]?.array {
                kind = .sockets(sockets)
            } else if json["rooms"] != nil {
                kind = .rooms(JSON.texts(json["rooms"]))
            } else {
                kind = .done
            }
        }
    }
}
