import SocketIOServer

/// The Socket.IO server, in a file of its own: Hummingbird has a `Server` too.
enum LiveServer {
    /// Sends every `echo` back, as an event and as its acknowledgement.
    static func make() throws -> Server {
        var server = Server()
        server.settings.basePath = "/live/"
        try server.namespace("/").onEvent("echo") { socket, event in
            try socket.emit("echo", arguments: event.arguments)
            event.acknowledgement?.send(event.arguments)
        }
        return server
    }
}
