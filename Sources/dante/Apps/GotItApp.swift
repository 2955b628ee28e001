internal import SocketIOServer

/// Confirms: `message` is answered with `response`, and with the acknowledgement where one is waited for. 0.9's plain
/// messages, of `send` and not of `emit`, are events of this name.
struct GotItApp: Application {
    func mount(on namespace: Namespace) throws(EventNameError) {
        try namespace.onEvent("message") { socket, event in
            try socket.emit("response", "Got it!")
            try event.acknowledgement?("Got it!")
        }
    }
}
