internal import SocketIOServer

/// Sends back: `echo` with whatever arguments is answered with `echo` and the same ones, bytes too. A probe for
/// clients.
struct EchoApp: Application {
    func mount(on namespace: Namespace) throws(EventNameError) {
        try namespace.onEvent("echo") { socket, event in
            try socket.emit("echo", arguments: event.arguments)
            event.acknowledgement?.send(event.arguments)
        }
    }
}
