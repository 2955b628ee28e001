package import SocketIO
package import SocketIOCore

extension Selection {
    /// As the options of a broadcast or a request write it.
    init(_ json: JSON?) {
        self.init(
            rooms: Set(JSON.texts(json?["rooms"])), except: Set(JSON.texts(json?["except"])),
            isVolatile: json?["flags"]?["volatile"] == true)
    }

    /// The same rooms are always the same bytes.
    var members: [JSON.Member] {
        [.init("rooms", .texts(rooms.sorted())), .init("except", .texts(except.sorted()))]
    }

    var flags: JSON.Member { .init("flags", isVolatile ? ["volatile": true] : [:]) }
}

/// A Socket.IO packet between servers: an event, with its name as the first element of `data`.
package struct AdapterPacket: Equatable, Sendable {
    package var namespace: String
    package var data: [JSON]

    package init(namespace: String, data: [JSON]) {
        self.namespace = namespace
        self.data = data
    }

    /// Nil when it is none. Packets without a namespace are of the main one, as old emitters write them.
    init?(_ json: JSON?) {
        guard let json, let data = json["data"]?.array, data.first?.string != nil else { return nil }
        namespace = json["nsp"]?.string ?? "/"
        self.data = data
    }

    /// 2 is an event. Others find bytes by themselves and change it to 5.
    var json: JSON {
        ["type": 2, "data": .array(data), "nsp": .string(namespace)]
    }
}

/// A broadcast: MessagePack of `[uid, packet, opts]`.
///
/// - Source: @socket.io/redis-adapter 8 `broadcast`, `onmessage`; @socket.io/redis-emitter 5 `emit`.
package struct AdapterBroadcast: Equatable, Sendable {
    /// Of the server that sends it, which has served its own sockets already; `emitter` when none sends it.
    package var uid: String
    package var packet: AdapterPacket
    package var selection: Selection
    /// Of an event that nodes of this kind know again: a fourth element, which others do not read.
    package var mark: EventMark?

    package init(uid: String, packet: AdapterPacket, selection: Selection) {
        self.uid = uid
        self.packet = packet
        self.selection = selection
    }

    package var encoded: [UInt8] {
        let options = JSON.object(selection.members + [selection.flags])
        let mark = mark.map { [JSON.array([.string($0.origin), .string(String($0.number))])] } ?? []
        return MessagePack.encode(.array([.string(uid), packet.json, options] + mark))
    }

    /// Nil when it is something else: a broadcast that nobody can read is nobody's.
    package init?(_ bytes: [UInt8]) {
        guard let parts = (try? MessagePack.decode(bytes[...]))?.array, parts.count >= 3,
            let uid = parts[0].string, let packet = AdapterPacket(parts[1])
        else { return nil }
        self.uid = uid
        self.packet = packet
        selection = Selection(parts[2])
        guard parts.count > 3, let pair = parts[3].array, pair.count == 2, let origin = pair[0].string,
            let number = pair[1].string.flatMap({ UInt64($0) }), origin.utf8.count == 6, number < 1 << 42
        else { return }
        mark = EventMark(origin: origin, number: number)
    }
}

extension JSON {
    static func texts(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }

    /// In the order of the keys, so that the same is written the same.
    static func dictionary(_ values: [String: JSON]) -> JSON {
        .object(values.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) })
    }

    /// The members of an object; of a key that stands there twice the last.
    static func dictionary(_ json: JSON?) -> [String: JSON] {
        guard case .object(let members) = json else { return [:] }
        return Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    }

    /// The strings in a list. JavaScript's rooms may be numbers, which read as their digits.
    static func texts(_ json: JSON?) -> [String] {
        json?.array?.compactMap(\.asText) ?? []
    }

    var asText: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    /// A message between servers: JSON when it begins with a brace, and else MessagePack. Nil when it is neither.
    static func message(_ bytes: [UInt8]) -> JSON? {
        bytes.first == UInt8(ascii: "{")
            ? try? JSON.parse(bytes[...]) : try? MessagePack.decode(bytes[...])
    }
}
