internal import SocketIOCore
internal import Synchronization

/// In which form a client reads an event. Revisions 2 and 3 of Engine.IO read the same.
enum FrameForm: Int, CaseIterable, Sendable { case engine3, engine4, v09 }

/// One event for many sockets: encoded once for each form that anybody reads, and the same frame for all of them.
final class Broadcast: Sendable {
    /// Its place in the namespace's log of recoverable events.
    struct Stamp: Equatable, Sendable {
        let sequence: UInt64
        let offset: String
        /// Which event of which node.
        var mark: EventMark?
    }

    let event: [JSON]
    let namespace: String
    let stamp: Stamp?
    private let forms = Mutex([[Outgoing]?](repeating: nil, count: FrameForm.allCases.count))

    /// - Parameter event: its name, then its arguments.
    init(_ event: [JSON], namespace: String, stamp: Stamp? = nil) {
        self.event = event
        self.namespace = namespace
        self.stamp = stamp
    }

    /// The packet, and the attachments that follow it. One lock a loop and form, not one a receiver: who delivers
    /// asks once.
    func packets(for form: FrameForm) -> [Outgoing] {
        forms.withLock { forms in
            if let made = forms[form.rawValue] { return made }
            let made = form.packets(event, id: nil, namespace: namespace, offset: stamp?.offset)
            forms[form.rawValue] = made
            return made
        }
    }
}

extension FrameForm {
    /// - Parameters:
    ///   - event: its name, then its arguments.
    ///   - id: of the acknowledgement that is asked for.
    ///   - offset: the recovery offset, one more last argument, for those that know it.
    func packets(_ event: [JSON], id: Int?, namespace: String, offset: String?) -> [Outgoing] {
        switch self {
        case .engine3, .engine4:
            var data = event
            if self == .engine4, let offset { data.append(.string(offset)) }
            let packet = SocketPacket(
                .event, namespace: namespace, id: id.map(String.init), data: .array(data))
            let (text, attachments) = packet.encoded(ascii: self == .engine3)
            return [.frame(.message([UInt8(ascii: "4")] + text, isQueued: true))]
                + attachments.map { .binary($0) }
        case .v09:
            let packet = PacketV09(
                .event(name: event.first?.string ?? "", arguments: Array(event.dropFirst())),
                endpoint: namespace == "/" ? "" : namespace,
                acknowledgement: id.map { .byApplication(id: String($0)) })
            return [.frame(.message(packet.encoded(ascii: true), isQueued: true))]
        }
    }
}

/// One namespace on one event loop: who is in it, and in which rooms.
///
/// Owner: the event loop of its shard.
final class LocalNamespace {
    let namespace: Namespace
    /// Each knows its place (``Membership/slot``).
    private var members: [any Client] = []
    private var ids: [String: any Client] = [:]
    private var rooms: [String: [ObjectIdentifier: any Client]] = [:]

    init(_ namespace: Namespace) { self.namespace = namespace }

    var name: String { namespace.name }
    var isEmpty: Bool { members.isEmpty }

    /// - Returns: its place.
    func add(_ client: any Client) -> UInt32 {
        members.append(client)
        return UInt32(members.count - 1)
    }

    /// From now on the id is a room of its own.
    func name(_ client: any Client, _ id: String) { ids[id] = client }

    /// - Parameters:
    ///   - slot: its place.
    ///   - id: asked for where there are names.
    func remove(_ client: any Client, at slot: UInt32, id: @autoclosure () -> String, rooms: Set<String>) {
        let last = members.removeLast()
        if last !== client {
            members[Int(slot)] = last
            if let index = last.membership(of: name) { last.memberships[index].slot = slot }
        }
        if !ids.isEmpty {
            let id = id()
            // Whoever has come back under this name has it now.
            if ids[id] === client { ids[id] = nil }
        }
        leave(client, rooms: rooms)
    }

    func join(_ client: any Client, rooms names: Set<String>) {
        for name in names { rooms[name, default: [:]][ObjectIdentifier(client)] = client }
    }

    func leave(_ client: any Client, rooms names: Set<String>) {
        for name in names {
            guard rooms[name]?.removeValue(forKey: ObjectIdentifier(client)) != nil else { continue }
            if rooms[name]?.isEmpty == true { rooms[name] = nil }
        }
    }

    /// Everybody meant, once, in no order.
    func selected(_ selection: Selection) -> [any Client] {
        let excepted = selection.except.isEmpty ? [:] : all(in: selection.except)
        if selection.rooms.isEmpty {
            return excepted.isEmpty ? members : members.filter { excepted[ObjectIdentifier($0)] == nil }
        }
        return all(in: selection.rooms).compactMap { excepted[$0.key] == nil ? $0.value : nil }
    }

    private func all(in names: Set<String>) -> [ObjectIdentifier: any Client] {
        var all: [ObjectIdentifier: any Client] = [:]
        for name in names {
            if let client = ids[name] { all[ObjectIdentifier(client)] = client }
            if let inRoom = rooms[name] { all.merge(inRoom) { client, _ in client } }
        }
        return all
    }
}
