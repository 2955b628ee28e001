package import SocketIO
internal import SocketIOCore

/// Translates between what the library says to other nodes and what the Redis adapter of Socket.IO publishes.
///
/// Remembers who has asked what, since an answer must be in the form of its question.
package struct AdapterDialogue {
    package struct Publication: Equatable, Sendable {
        package var channel: String
        package var payload: [UInt8]
    }

    /// What an answer must look like.
    private enum Form { case ids, rooms, sockets, serverSide, broadcast }

    /// Of this node among the servers.
    package let uid: String
    private let prefix: String
    private var asked = BoundedMap<String, (uid: String?, form: Form)>(limit: 10_000)

    /// - Parameter randomness: of which the node's name is made; two nodes must not have the same.
    package init(prefix: String, randomness: UInt64) {
        self.prefix = prefix
        uid = Self.uidPrefix + String(randomness, radix: 36)
    }

    /// Nodes of this kind listen on a response channel of their own, which spares the others their answers.
    static let uidPrefix = "dante-"

    /// The channels that a namespace is heard on.
    package func channels(of namespace: String) -> (names: [String], pattern: String) {
        let channels = AdapterChannels(prefix: prefix, namespace: namespace)
        return ([channels.request, channels.response, channels.response(for: uid)], channels.pattern)
    }

    // MARK: Out

    package mutating func outgoing(_ message: ClusterMessage, in namespace: String) -> Publication? {
        let channels = AdapterChannels(prefix: prefix, namespace: namespace)
        func request(_ kind: AdapterRequest.Kind, _ id: String? = nil) -> Publication {
            Publication(
                channel: channels.request, payload: AdapterRequest(kind, uid: uid, id: id).encoded)
        }
        switch message {
        case .broadcast(let selection, let event, nil):
            let packet = AdapterPacket(namespace: namespace, data: event)
            return Publication(
                channel: channels.broadcast(rooms: Array(selection.rooms)),
                payload: AdapterBroadcast(uid: uid, packet: packet, selection: selection).encoded)
        case .recoverable(let selection, let event, let mark):
            let packet = AdapterPacket(namespace: namespace, data: event)
            var broadcast = AdapterBroadcast(uid: uid, packet: packet, selection: selection)
            broadcast.mark = mark
            return Publication(
                channel: channels.broadcast(rooms: Array(selection.rooms)), payload: broadcast.encoded)
        case .broadcast(let selection, let event, let question?):
            return request(.broadcast(AdapterPacket(namespace: namespace, data: event), selection), question)
        case .join(let selection, let rooms): return request(.join(selection, rooms: rooms))
        case .leave(let selection, let rooms): return request(.leave(selection, rooms: rooms))
        case .disconnect(let selection, let closes): return request(.disconnect(selection, close: closes))
        case .fetch(let selection, let question): return request(.fetch(selection), question)
        case .serverSide(let event, let question): return request(.serverSideEmit(event), question)
        case .asked(let question, let clients): return answer(.clientCount(clients), question, channels)
        case .acknowledged(let question, let answer):
            return self.answer(.acknowledgement(answer), question, channels)
        case .fetched(let question, let sockets): return answer(sockets, question, channels)
        case .serverSideAnswer(let question, let answer):
            defer { asked[question] = nil }
            return self.answer(.serverSideEmit(answer), question, channels)
        }
    }

    private mutating func answer(
        _ sockets: [SocketDescription], _ question: String, _ channels: AdapterChannels
    ) -> Publication? {
        defer { asked[question] = nil }
        switch asked[question]?.form {
        case .ids: return answer(.sockets(sockets.map { .string($0.id) }), question, channels)
        case .rooms:
            let rooms = sockets.reduce(into: Set<String>()) { $0.formUnion($1.rooms) }
            return answer(.rooms(rooms.sorted()), question, channels)
        default: return answer(.sockets(sockets.map(\.json)), question, channels)
        }
    }

    private func answer(
        _ kind: AdapterResponse.Kind, _ question: String, _ channels: AdapterChannels
    ) -> Publication? {
        guard let asker = asked[question] else { return nil }
        let own = asker.uid.flatMap { $0.hasPrefix(Self.uidPrefix) ? channels.response(for: $0) : nil }
        return Publication(
            channel: own ?? channels.response, payload: AdapterResponse(kind, id: question).encoded)
    }

    // MARK: In

    /// Nil for this node's own words, and for what is of no interest or cannot be read.
    package mutating func incoming(
        channel: String, payload: [UInt8]
    ) -> (message: ClusterMessage, namespace: String)? {
        if let namespace = Self.middle(of: channel, behind: prefix + "-request#") {
            return AdapterRequest(payload).flatMap { heard($0) }.map { ($0, namespace) }
        }
        if let name = Self.middle(of: channel, behind: prefix + "-response#") {
            let suffix = "#" + uid
            let namespace = name.hasSuffix(suffix) ? String(name.dropLast(suffix.count)) : name
            return AdapterResponse(payload).flatMap { Self.heard($0) }.map { ($0, namespace) }
        }
        guard channel.hasPrefix(prefix + "#"), let broadcast = AdapterBroadcast(payload), broadcast.uid != uid
        else { return nil }
        let (packet, selection) = (broadcast.packet, broadcast.selection)
        let message: ClusterMessage =
            broadcast.mark.map { .recoverable(selection, event: packet.data, mark: $0) }
            ?? .broadcast(selection, event: packet.data)
        return (message, packet.namespace)
    }

    private mutating func heard(_ request: AdapterRequest) -> ClusterMessage? {
        guard request.uid == nil || request.uid != uid else { return nil }
        func question(_ form: Form) -> String {
            // Without an id nobody waits for the answer.
            guard let id = request.id else { return "" }
            asked[id] = (request.uid, form)
            return id
        }
        switch request.kind {
        case .sockets(let selection): return .fetch(selection, question: question(.ids))
        case .allRooms: return .fetch(Selection(), question: question(.rooms))
        case .fetch(let selection): return .fetch(selection, question: question(.sockets))
        case .join(let selection, let rooms): return .join(selection, rooms: rooms)
        case .leave(let selection, let rooms): return .leave(selection, rooms: rooms)
        case .disconnect(let selection, let close): return .disconnect(selection, closes: close)
        case .serverSideEmit(let event):
            return .serverSide(event: event, question: request.id == nil ? nil : question(.serverSide))
        case .broadcast(let packet, let selection):
            return .broadcast(selection, event: packet.data, question: question(.broadcast))
        }
    }

    private static func heard(_ response: AdapterResponse) -> ClusterMessage? {
        switch response.kind {
        case .sockets(let sockets):
            return .fetched(response.id, sockets.compactMap { SocketDescription($0) })
        case .serverSideEmit(let answer): return .serverSideAnswer(response.id, answer)
        case .clientCount(let count): return .asked(response.id, clients: count)
        case .acknowledgement(let answer): return .acknowledged(response.id, answer)
        case .rooms, .done: return nil
        }
    }

    /// What stands between a channel's beginning and its last `#`.
    private static func middle(of channel: String, behind start: String) -> String? {
        guard channel.hasPrefix(start), channel.last == "#", channel.count > start.count else { return nil }
        return String(channel.dropFirst(start.count).dropLast())
    }
}

extension SocketDescription {
    /// With the names of @socket.io/redis-adapter's answer to a fetch.
    var json: JSON {
        [
            "id": .string(id), "handshake": handshake, "rooms": .texts(rooms.sorted()),
            "data": .dictionary(data),
        ]
    }

    init?(_ json: JSON) {
        guard let id = json["id"]?.string else { return nil }
        self.init(
            id: id, rooms: Set(JSON.texts(json["rooms"])), data: JSON.dictionary(json["data"]),
            handshake: json["handshake"] ?? .null)
    }
}

/// A map that forgets its oldest entry rather than grow beyond its limit.
struct BoundedMap<Key: Hashable, Value> {
    private var values: [Key: (value: Value, number: UInt64)] = [:]
    private var order: RedisQueue<(key: Key, number: UInt64)> = RedisQueue()
    private var number: UInt64 = 0
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { values.count }

    subscript(key: Key) -> Value? {
        get { values[key]?.value }
        set {
            guard let newValue else {
                values[key] = nil
                return
            }
            number += 1
            values[key] = (newValue, number)
            order.append((key, number))
            while order.count > limit, let oldest = order.removeFirst() {
                if values[oldest.key]?.number == oldest.number { values[oldest.key] = nil }
            }
        }
    }
}
