import SocketIO
import SocketIOCore

/// A Socket.IO 0.9 client on one of its transports. It has no cursor of its own; it comes back with `?from=`.
final class ReaderV09: SimulatedReader {
    private let transport: TransportV09
    private var sid = ""
    private var socket: SimulatedLink?

    init(_ world: World, stanzas: [String], transport: TransportV09) {
        self.transport = transport
        super.init(world, stanzas: stanzas)
    }

    override func connect() {
        let link = link { [self] arrival in
            guard case .answer(let response) = arrival, response.status == 200,
                let id = String(decoding: response.body, as: UTF8.self).split(separator: ":").first
            else { return again() }
            sid = String(id)
            open()
        }
        link.request(Request(method: "GET", target: "/p/socket.io/1/?t=1&from=\(heard)"))
    }

    private var target: String { "/p/socket.io/1/\(transport.rawValue)/\(sid)" }

    private func open() {
        switch transport {
        case .webSocket:
            let link = link { [self] arrival in
                switch arrival {
                case .text(let text): take(text)
                case .cut, .socketClosed: again()
                case .socketOpened: break
                default: failed("unexpected \(arrival)")
                }
            }
            socket = link
            link.request(.webSocket(target))
        case .htmlFile:
            let link = link { [self] arrival in
                switch arrival {
                case .piece(let piece): takeScript(piece)
                case .cut, .streamEnded: again()
                case .streamOpened: break
                default: failed("unexpected \(arrival)")
                }
            }
            link.request(Request(method: "GET", target: target))
        case .xhrPolling, .jsonpPolling:
            poll()
        }
    }

    /// A poll that is cut is tried again with the same sid: what it was to bring is still there, or the server has
    /// said that the sid is not known. A poll whose answer was cut on its way has lost it, so the client shakes
    /// hands again; it cannot tell the two apart.
    private func poll() {
        let link = link { [self] arrival in
            guard case .answer(let response) = arrival, response.status == 200 else { return again() }
            var payload = response.body
            if transport == .jsonpPolling {
                guard case .string(let text)? = try? JSON.parse(payload.dropFirst(8).dropLast(2)) else {
                    return failed("no script: \(String(decoding: payload, as: UTF8.self))")
                }
                payload = Array(text.utf8)
            }
            let mine = attempt
            for packet in PayloadV09.decode(payload, maxPackets: 100).packets { take(packet) }
            if !isDone, attempt == mine { poll() }
        }
        link.request(Request(method: "GET", target: target + "?t=2&i=3"))
    }

    private func answerHeartbeat() {
        if transport == .webSocket {
            socket?.say(Array("2::".utf8))
        } else {
            link { [self] in if case .cut = $0 { again() } }
                .request(Request(method: "POST", target: target, body: Array("2::".utf8)))
        }
    }

    private func takeScript(_ piece: [UInt8]) {
        let text = String(decoding: piece, as: UTF8.self)
        if text.hasPrefix("<html>") {
            if piece.count != 256 { failed("the first piece has \(piece.count) bytes") }
            return
        }
        guard text.hasPrefix("<script>_("), text.hasSuffix(");</script>"),
            case .string(let packet)? = try? JSON.parse(piece.dropFirst(10).dropLast(11))
        else { return failed("no script: \(text)") }
        take(Array(packet.utf8))
    }

    private func take(_ bytes: [UInt8]) {
        guard let packet = try? PacketV09.decode(bytes[...]) else {
            return failed("no packet: \(String(decoding: bytes, as: UTF8.self))")
        }
        switch packet.content {
        case .event("divinecomedy", let arguments):
            guard case .string(let stanza)? = arguments.first else {
                return failed("a stanza without a text")
            }
            heard(stanza)
        case .disconnect: over()
        case .error: again()
        case .heartbeat: answerHeartbeat()
        case .connect, .noop: break
        default: failed("unexpected packet \(packet)")
        }
    }
}
