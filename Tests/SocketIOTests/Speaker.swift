import SocketIO
import SocketIOCore
import Testing

/// A client on a WebSocket, of any generation, that says the same things in its own tongue.
struct Speaker {
    enum Tongue: CaseIterable, Sendable { case v09, engine3, engine4 }

    let stage: Stage
    let tongue: Tongue
    let link: RecordingLink

    /// Connected, and in the main namespace where its generation joins that by itself.
    init(_ tongue: Tongue, on stage: Stage, query: String = "") {
        self.stage = stage
        self.tongue = tongue
        switch tongue {
        case .v09:
            let sid = stage.ask("GET", "/socket.io/1/?" + query).body.prefix { $0 != ":" }
            link = stage.askSocket("/socket.io/1/websocket/\(sid)")
        case .engine3, .engine4:
            let revision = tongue == .engine3 ? 3 : 4
            link = stage.askSocket("/socket.io/?EIO=\(revision)&transport=websocket&" + query)
        }
        _ = link.news()
    }

    /// Joins a namespace, and returns what came of it.
    @discardableResult
    func join(_ namespace: String = "/", auth: String = "") -> [RecordingLink.Event] {
        switch tongue {
        case .v09: say("1::\(namespace == "/" ? "" : namespace)")
        case .engine3: say(namespace == "/" ? "40" : "40\(namespace)")
        case .engine4: say("40\(Self.prefix(namespace))\(auth)")
        }
        return link.news()
    }

    /// - Parameter arguments: JSON texts.
    func emit(_ event: String, _ arguments: String..., namespace: String = "/", id: Int? = nil) {
        let id = id.map(String.init) ?? ""
        switch tongue {
        case .v09:
            let endpoint = namespace == "/" ? "" : namespace
            let list = arguments.joined(separator: ",")
            say("5:\(id.isEmpty ? "" : id + "+"):\(endpoint):{\"name\":\"\(event)\",\"args\":[\(list)]}")
        case .engine3, .engine4:
            say("42\(Self.prefix(namespace))\(id)[\((["\"\(event)\""] + arguments).joined(separator: ","))]")
        }
    }

    /// How an event for it looks on the wire.
    func event(
        _ name: String, _ arguments: String..., namespace: String = "/", id: Int? = nil
    ) -> RecordingLink.Event {
        let id = id.map(String.init) ?? ""
        switch tongue {
        case .v09:
            let endpoint = namespace == "/" ? "" : namespace
            let list = arguments.isEmpty ? "" : ",\"args\":[\(arguments.joined(separator: ","))]"
            return .text("5:\(id.isEmpty ? "" : id + "+"):\(endpoint):{\"name\":\"\(name)\"\(list)}")
        case .engine3, .engine4:
            let list = (["\"\(name)\""] + arguments).joined(separator: ",")
            return .text("42\(Self.prefix(namespace))\(id)[\(list)]")
        }
    }

    func acknowledge(_ id: Int, _ arguments: String..., namespace: String = "/") {
        let list = arguments.joined(separator: ",")
        switch tongue {
        case .v09: say("6::\(namespace == "/" ? "" : namespace):\(id)+[\(list)]")
        case .engine3, .engine4: say("43\(Self.prefix(namespace))\(id)[\(list)]")
        }
    }

    func acknowledgement(_ id: Int, _ arguments: String..., namespace: String = "/") -> RecordingLink.Event {
        let list = arguments.joined(separator: ",")
        switch tongue {
        case .v09:
            return .text("6::\(namespace == "/" ? "" : namespace):\(id)\(list.isEmpty ? "" : "+[\(list)]")")
        case .engine3, .engine4: return .text("43\(Self.prefix(namespace))\(id)[\(list)]")
        }
    }

    func say(_ text: String) { link.says(text, at: stage.now) }
    func news() -> [RecordingLink.Event] { link.news() }

    private static func prefix(_ namespace: String) -> String { namespace == "/" ? "" : namespace + "," }
}
