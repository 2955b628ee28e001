/// The channels of one namespace, as the Redis adapter of Socket.IO names them.
///
/// | channel | carries |
/// | --- | --- |
/// | `socket.io#/nsp#` | broadcasts to everybody, and to several rooms |
/// | `socket.io#/nsp#room#` | broadcasts to one room |
/// | `socket.io-request#/nsp#` | requests to every server |
/// | `socket.io-response#/nsp#` | answers, and `…#uid#` answers for one server |
///
/// - Source: @socket.io/redis-adapter 8 `lib/index.ts`, constructor and `broadcast`.
package struct AdapterChannels: Equatable, Sendable {
    package let everybody: String
    package let request: String
    package let response: String

    /// - Parameter prefix: `key` there; every server of a cluster has the same.
    package init(prefix: String = "socket.io", namespace: String) {
        everybody = "\(prefix)#\(namespace)#"
        request = "\(prefix)-request#\(namespace)#"
        response = "\(prefix)-response#\(namespace)#"
    }

    /// Where a broadcast goes: one room has a channel of its own, which lets a server without that room drop it
    /// unread.
    package func broadcast(rooms: [String]) -> String {
        rooms.count == 1 ? "\(everybody)\(rooms[0])#" : everybody
    }

    package func response(for uid: String) -> String { "\(response)\(uid)#" }

    /// Matches every channel of broadcasts of this namespace (PSUBSCRIBE). The letters that mean something to Redis
    /// mean themselves here: a namespace may hold them.
    package var pattern: String {
        var pattern = ""
        for letter in everybody {
            if "*?[]\\^-".contains(letter) { pattern.append("\\") }
            pattern.append(letter)
        }
        return pattern + "*"
    }

    /// The room that a channel of broadcasts names: empty when it names none, nil when it is no such channel.
    package func room(of channel: String) -> Substring? {
        guard channel.hasPrefix(everybody) else { return nil }
        let rest = channel.dropFirst(everybody.count)
        if rest.isEmpty { return rest }
        return rest.last == "#" ? rest.dropLast() : nil
    }
}
