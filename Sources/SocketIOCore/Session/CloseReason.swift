/// Why a client's connection ended, in Socket.IO's words, because applications compare them.
///
/// - Source: socket.io `lib/socket-types.ts`, `DisconnectReason`.
public enum CloseReason: String, Equatable, Sendable {
    /// The client closed its transport, or its connection was lost.
    case transportClose = "transport close"
    /// The transport was misused: two polls at once, a poll given up, bytes that are no packet.
    case transportError = "transport error"
    /// A ping was not answered in time.
    case pingTimeout = "ping timeout"
    /// A Socket.IO packet that could not be read, or that its sender had no right to send.
    case parseError = "parse error"
    /// The client left the namespace.
    case clientNamespaceDisconnect = "client namespace disconnect"
    /// The application ended it: here, a reading that is over.
    case serverNamespaceDisconnect = "server namespace disconnect"
    /// The server is stopping.
    case serverShuttingDown = "server shutting down"
    /// The server closed the connection: no namespace was joined in time, or too much was owed to the client.
    case forcedServerClose = "forced server close"
}
