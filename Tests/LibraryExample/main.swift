import SocketIOServer

let server = Server()
try server.namespace("/chat").on("say") { (socket: Socket, text: String) in
    try socket.broadcast.emit("said", text)
}
server.namespace("/news").onConnect { try $0.emit("headline", "Midway upon the journey of our life") }
let listener = try await Listener.bind(server, settings: ListenerSettings(port: 0))
print("listening on port \(listener.port)")
await listener.run()
