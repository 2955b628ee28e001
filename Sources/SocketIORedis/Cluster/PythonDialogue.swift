package import SocketIO
internal import SocketIOCore

/// Translates between what the library says to other nodes and what python-socketio's Redis manager publishes.
///
/// Its servers know no `fetchSockets`, no `serverSideEmit`, and no acknowledged broadcast; an `emit` of theirs with a
/// callback is answered. In `except` they understand ids of sockets only, not other rooms.
package struct PythonDialogue {
    private let host: String
    private var callbacks = BoundedMap<String, (host: String, callback: PythonMessage.Callback)>(
        limit: 10_000)
    private var questions: UInt64 = 0

    /// - Parameter host: this node among the servers.
    package init(host: String) { self.host = host }

    package mutating func outgoing(_ message: ClusterMessage, in namespace: String) -> [[UInt8]] {
        func messages(_ kinds: [PythonMessage.Kind]) -> [[UInt8]] {
            kinds.map { PythonMessage($0, namespace: namespace, host: host).encoded }
        }
        switch message {
        case .broadcast(let selection, let event, nil), .recoverable(let selection, let event, _):
            guard let name = event.first?.string else { return [] }
            return messages([
                .emit(
                    event: name, arguments: Array(event.dropFirst()), rooms: selection.rooms.sorted(),
                    skipped: selection.except.sorted(), nil)
            ])
        // A socket is named by its own room; who is in another room, only that server knows.
        case .join(let selection, let rooms):
            return messages(
                selection.rooms.flatMap { sid in rooms.map { .enterRoom(sid: sid, room: $0) } })
        case .leave(let selection, let rooms):
            return messages(
                selection.rooms.flatMap { sid in rooms.map { .leaveRoom(sid: sid, room: $0) } })
        case .disconnect(let selection, _): return messages(selection.rooms.map { .disconnect(sid: $0) })
        case .acknowledged(let question, let answer):
            guard let asked = callbacks[question] else { return [] }
            let callback = asked.callback
            let kind = PythonMessage.Kind.callback(sid: callback.room, id: callback.id, arguments: answer)
            return [PythonMessage(kind, namespace: callback.namespace, host: asked.host).encoded]
        case .broadcast, .asked, .fetch, .fetched, .serverSide, .serverSideAnswer: return []
        }
    }

    package mutating func incoming(_ payload: [UInt8]) -> (message: ClusterMessage, namespace: String)? {
        // Nodes of this kind say everything twice, and hear each other in the other format.
        guard let message = PythonMessage(payload), message.host != host,
            !message.host.hasPrefix(AdapterDialogue.uidPrefix)
        else { return nil }
        return heard(message).map { ($0, message.namespace) }
    }

    private mutating func heard(_ message: PythonMessage) -> ClusterMessage? {
        switch message.kind {
        case .emit(let event, let arguments, let rooms, let skipped, let callback):
            let selection = Selection(rooms: Set(rooms), except: Set(skipped))
            var question: String?
            if let callback {
                questions += 1
                let id = "\(host)-callback-\(questions)"
                callbacks[id] = (message.host, callback)
                question = id
            }
            return .broadcast(selection, event: [.string(event)] + arguments, question: question)
        case .disconnect(let sid): return .disconnect(Selection(rooms: [sid]), closes: false)
        case .enterRoom(let sid, let room): return .join(Selection(rooms: [sid]), rooms: [room])
        case .leaveRoom(let sid, let room): return .leave(Selection(rooms: [sid]), rooms: [room])
        case .closeRoom(let room): return .leave(Selection(rooms: [room]), rooms: [room])
        // Nobody here asks them with a callback.
        case .callback: return nil
        }
    }
}
