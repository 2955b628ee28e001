internal import SocketIOServer

extension Settings.Companion {
    /// Adds this application's events to a namespace. Each is written once; a client's generation is the library's
    /// business.
    func stand(in namespace: inout Namespace) {
        switch self {
        case .hello:
            namespace.on("sendMessage") { event, socket in
                let answer: JSON = .object([.init("message", .string("Hello back!"))])
                socket.emit("helloBack", answer)
                event.acknowledgement?(answer)
            }
        case .gotIt:
            namespace.on("message") { event, socket in
                socket.emit("response", .string("Got it!"))
                event.acknowledgement?(.string("Got it!"))
            }
        case .echo:
            namespace.on("echo") { event, socket in
                socket.emit("echo", event.arguments)
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
