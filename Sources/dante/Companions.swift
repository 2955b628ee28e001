internal import SocketIOServer

extension Settings.Companion {
    /// Adds this application's events to a namespace. Each is written once; a client's generation is the library's
    /// business.
    func stand(in namespace: Namespace) throws(EventNameError) {
        switch self {
        case .hello:
            try namespace.onEvent("sendMessage") { socket, event in
                let answer: JSON = ["message": "Hello back!"]
                try socket.emit("helloBack", answer)
                try event.acknowledgement?(answer)
            }
        case .gotIt:
            try namespace.onEvent("message") { socket, event in
                try socket.emit("response", "Got it!")
                try event.acknowledgement?("Got it!")
            }
        case .echo:
            try namespace.onEvent("echo") { socket, event in
                try socket.emit("echo", arguments: event.arguments)
                event.acknowledgement?.send(event.arguments)
            }
        }
    }
}

/// Names under which pages of all generations ask for the client script.
enum ClientScriptName {
    /// `socket.io.js`, `socket.io.min.js`, 0.9's `socket.io.v0.9.11.js` and `socket.io+websocket+xhr-polling.js`.
    static func isOne(_ name: String) -> Bool {
        guard name.hasPrefix("socket.io"), name.hasSuffix(".js"), name.utf8.count <= 128 else { return false }
        let middle = name.dropFirst("socket.io".count).dropLast(".js".count)
        return middle.isEmpty || middle == ".min" || middle.hasPrefix(".v") || middle.hasPrefix("+")
    }
}
