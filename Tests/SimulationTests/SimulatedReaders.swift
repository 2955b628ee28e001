import SocketIO
import SocketIOCore

/// A reader who wants to hear everything once and in order, and comes back behind what it has heard.
class SimulatedReader {
    let world: World
    private let stanzas: [String]
    private(set) var heard = 0
    private(set) var isDone = false
    /// What went wrong first, if anything.
    private(set) var fault: String?
    private(set) var connections = 0
    /// Links of an attempt that is over say nothing to the next one.
    private(set) var attempt = 0

    init(_ world: World, stanzas: [String]) {
        self.world = world
        self.stanzas = stanzas
    }

    func start() {
        attempt += 1
        connections += 1
        connect()
    }

    func connect() {}

    func link(_ handle: @escaping (Arrival) -> Void) -> SimulatedLink {
        let mine = attempt
        return SimulatedLink(world) { [self] arrival in if attempt == mine, !isDone { handle(arrival) } }
    }

    func heard(_ text: String) {
        let expected = heard < stanzas.count ? stanzas[heard] : nil
        if text == expected {
            heard += 1
        } else if fault == nil {
            let number = stanzas.firstIndex(of: text).map { "stanza \($0 + 1)" } ?? "\"\(text)\""
            fault = "\(type(of: self)): heard \(number) where stanza \(heard + 1) was to come"
        }
    }

    func over() {
        guard !isDone else { return }
        isDone = true
        if heard != stanzas.count, fault == nil {
            fault = "\(type(of: self)): the reading was over behind stanza \(heard)"
        }
    }

    func failed(_ sentence: String) { if fault == nil { fault = "\(type(of: self)): \(sentence)" } }

    func again() {
        attempt += 1
        let mine = attempt
        world.after(world.between(.milliseconds(1), .seconds(5))) { [self] in
            if attempt == mine, !isDone { start() }
        }
    }
}

/// A bare WebSocket that comes back with `?from=`.
final class RawReader: SimulatedReader {
    override func connect() {
        let link = link { [self] arrival in
            switch arrival {
            case .text(let text): heard(String(decoding: text, as: UTF8.self))
            case .socketClosed(1000): over()
            case .cut, .socketClosed: again()
            case .socketOpened: break
            default: failed("unexpected \(arrival)")
            }
        }
        link.request(.webSocket("/any/prefix//ws?from=\(heard)"))
        if world.chance(0.2) { link.say(Array("are you there?".utf8)) }
    }
}

/// An `EventSource`: it comes back with `Last-Event-ID` until it gets 204.
final class EventReader: SimulatedReader {
    override func connect() {
        let link = link { [self] arrival in
            switch arrival {
            case .piece(let piece): take(String(decoding: piece, as: UTF8.self))
            case .answer(let response) where response.status == 204: over()
            case .cut, .streamEnded: again()
            case .streamOpened: break
            default: failed("unexpected \(arrival)")
            }
        }
        let headers = heard == 0 ? [] : [(name: "Last-Event-ID", value: String(heard))]
        link.request(Request(method: "GET", target: "/dante/sse", headers: headers))
    }

    private func take(_ event: String) {
        let lines = event.split(separator: "\n")
        guard lines.first?.hasPrefix("id: ") == true else { return }
        heard(lines.dropFirst().map { $0.dropFirst(6) }.joined(separator: "\n"))
        if lines.first != "id: \(heard)" { failed("wrong id: \(lines[0])") }
    }
}

extension Request {
    static func webSocket(_ target: String) -> Request {
        Request(
            method: "GET", target: target,
            headers: [
                ("Host", "example"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
                ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ])
    }
}
