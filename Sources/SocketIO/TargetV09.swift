internal import SocketIOCore

/// What a 0.9 client asks for, by the path below the resource: `1/`, `1/{transport}/{sid}`.
///
/// - Source: socket.io 0.9 `lib/manager.js`, `checkRequest`.
enum TargetV09: Equatable {
    case handshake
    case transport(TransportV09?, sid: String)
    case unsupportedVersion

    var sid: String? { if case .transport(_, let sid) = self { sid } else { nil } }

    /// Nil when the path is not of this protocol.
    init?(rest: Substring) {
        let segments = rest.split(separator: "/", omittingEmptySubsequences: false)
        // A trailing slash is allowed.
        let parts = segments.last == "" ? Array(segments.dropLast()) : Array(segments)
        guard (1...3).contains(parts.count), let version = Self.version(parts[0]) else { return nil }
        guard version == 1 else {
            self = .unsupportedVersion
            return
        }
        self =
            parts.count < 3
            ? .handshake : .transport(TransportV09(rawValue: String(parts[1])), sid: String(parts[2]))
    }

    /// `1` and `1.0` are the version 1; 0 and what is no number are nothing.
    private static func version(_ text: Substring) -> Int? {
        let whole = text.prefix { $0 != "." }
        let fraction = text.dropFirst(whole.count)
        guard whole.utf8.count <= 4, let number = Int(whole), number > 0,
            fraction.isEmpty || fraction.dropFirst().allSatisfy({ $0 == "0" })
        else { return nil }
        return number
    }
}

/// The transports of 0.9, by their names on the wire.
public enum TransportV09: String, CaseIterable, Sendable {
    /// Frames, both ways.
    case webSocket = "websocket"
    /// A page in a hidden frame that grows by scripts: Internet Explorer.
    case htmlFile = "htmlfile"
    /// Requests that are held until there is something to say.
    case xhrPolling = "xhr-polling"
    /// The same by script elements, for pages of another origin in old browsers.
    case jsonpPolling = "jsonp-polling"
}
