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
    private(set) var members: [ObjectIdentifier: any Client] = [:]
    private var ids: [String: ObjectIdentifier] = [:]
    private var rooms: [String: Set<ObjectIdentifier>] = [:]

    init(_ namespace: Namespace) { self.namespace = namespace }

    var name: String { namespace.name }
    var isEmpty: Bool { members.isEmpty }

    func add(_ client: any Client) { members[ObjectIdentifier(client)] = client }

    /// From now on the id is a room of its own.
    func name(_ client: any Client, _ id: String) { ids[id] = ObjectIdentifier(client) }

    /// - Parameter id: asked for where there are names.
    func remove(_ client: any Client, id: @autoclosure () -> String, rooms: Set<String>) {
        members[ObjectIdentifier(client)] = nil
        if !ids.isEmpty {
            let id = id()
            // Whoever has come back under this name has it now.
            if ids[id] == ObjectIdentifier(client) { ids[id] = nil }
        }
        leave(client, rooms: rooms)
    }

    func join(_ client: any Client, rooms names: Set<String>) {
        for name in names { rooms[name, default: []].insert(ObjectIdentifier(client)) }
    }

    func leave(_ client: any Client, rooms names: Set<String>) {
        for name in names {
            guard rooms[name]?.remove(ObjectIdentifier(client)) != nil else { continue }
            if rooms[name]?.isEmpty == true { rooms[name] = nil }
        }
    }

    /// Everybody meant, once, in no order.
    func selected(_ selection: Selection) -> [any Client] {
        let excepted = selection.except.isEmpty ? [] : keys(of: selection.except)
        if selection.rooms.isEmpty {
            return excepted.isEmpty
                ? Array(members.values)
                : members.compactMap { excepted.contains($0.key) ? nil : $0.value }
        }
        return keys(of: selection.rooms).subtracting(excepted).compactMap { members[$0] }
    }

    private func keys(of names: Set<String>) -> Set<ObjectIdentifier> {
        var keys: Set<ObjectIdentifier> = []
        for name in names {
            if let key = ids[name] { keys.insert(key) }
            if let inRoom = rooms[name] { keys.formUnion(inRoom) }
        }
        return keys
    }
}
