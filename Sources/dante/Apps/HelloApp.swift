internal import SocketIOServer

/// Says hello back: `sendMessage` is answered with `helloBack`, and with the acknowledgement where one is waited for.
struct HelloApp: Application {
    private struct Greeting: Encodable {
        let message: String
    }

    func mount(on namespace: Namespace) throws(EventNameError) {
        // Whatever was sent: the article's page sends an object, others a text or nothing.
        try namespace.onEvent("sendMessage") { socket, event in
            let greeting = Greeting(message: "Hello back!")
            try socket.emit("helloBack", greeting)
            try event.acknowledgement?(greeting)
        }
    }
}
