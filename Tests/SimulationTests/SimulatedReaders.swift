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

/// A Socket.IO 4 client, which may poll, use a WebSocket, or move from one to the other.
final class SocketIOReader: SimulatedReader {
    enum Way: CaseIterable { case polling, webSocket, upgrade }

    private let way: Way
    private var sid = ""
    private var socket: SimulatedLink?
    private var poll: SimulatedLink?
    private var isUpgrading = false
    private var mayPoll = true
    private var isOnSocket = false

    init(_ world: World, stanzas: [String], way: Way) {
        self.way = way
        super.init(world, stanzas: stanzas)
    }

    override func connect() {
        sid = ""
        socket = nil
        poll = nil
        isUpgrading = false
        isOnSocket = false
        mayPoll = true
        if way == .webSocket {
            openSocket("/socket.io/?EIO=4&transport=websocket")
        } else {
            let link = link { [self] arrival in
                guard case .answer(let response) = arrival, response.status == 200 else { return lost() }
                opened(response.body)
            }
            link.request(Request(method: "GET", target: "/x/socket.io/?EIO=4&transport=polling"))
        }
    }

    private func lost() {
        socket?.cut()
        poll?.cut()
        again()
    }

    private func opened(_ packet: [UInt8]) {
        guard packet.first == UInt8(ascii: "0"), let open = try? JSON.parse(packet.dropFirst()),
            case .string(let text)? = open["sid"]
        else { return failed("no open packet: \(String(decoding: packet, as: UTF8.self))") }
        sid = text
        say(heard == 0 ? "40" : #"40{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"\#(heard)"}"#)
        if way == .webSocket { return }
        pollAgain()
        if way == .upgrade {
            world.after(world.between(.milliseconds(1), .seconds(8))) { [self, attempt] in
                if attempt == self.attempt, !isDone { upgrade() }
            }
        }
    }

    // MARK: Polling

    private var target: String { "/x/socket.io/?EIO=4&transport=polling&sid=\(sid)" }

    private func pollAgain() {
        guard mayPoll, poll == nil else { return }
        let link = link { [self] arrival in
            poll = nil
            guard case .answer(let response) = arrival, response.status == 200 else { return lost() }
            for packet in response.body.split(separator: 0x1e) { take(Array(packet)) }
            if isDone { return }
            if isUpgrading, !mayPoll { socket?.say(Array("5".utf8)) } else { pollAgain() }
        }
        poll = link
        link.request(Request(method: "GET", target: target))
    }

    private func say(_ packet: String) {
        if isOnSocket {
            socket?.say(Array(packet.utf8))
            return
        }
        let link = link { [self] arrival in
            if case .answer(let response) = arrival, response.status == 200 { return }
            // A POST that crosses the end of the reading finds nobody: no harm.
            lost()
        }
        link.request(Request(method: "POST", target: target, body: Array(packet.utf8)))
    }

    // MARK: WebSocket

    private func openSocket(_ target: String) {
        socket = link { [self] arrival in
            switch arrival {
            case .socketOpened where way == .upgrade: socket?.say(Array("2probe".utf8))
            case .socketOpened: isOnSocket = true
            case .text(let text): take(text)
            case .cut, .socketClosed: isUpgrading && !isOnSocket && mayPoll ? stayPolling() : lost()
            default: lost()
            }
        }
        socket?.request(.webSocket(target))
    }

    private func stayPolling() {
        isUpgrading = false
        socket = nil
    }

    private func upgrade() {
        isUpgrading = true
        openSocket("/x/socket.io/?EIO=4&transport=websocket&sid=\(sid)")
    }

    private func take(_ packet: [UInt8]) {
        let text = String(decoding: packet, as: UTF8.self)
        switch text {
        case "2": say("3")
        case "3probe":
            // From here the client speaks on the WebSocket, once its open poll has ended.
            mayPoll = false
            isOnSocket = true
            if poll == nil { socket?.say(Array("5".utf8)) }
        case "41": over()
        case "1": lost()
        case "6": break
        default:
            if text.hasPrefix("0") { return opened(packet) }
            if text.hasPrefix("40") { return }
            guard text.hasPrefix("42"), case .array(let items)? = try? JSON.parse(packet.dropFirst(2)),
                items.count == 3, items[0] == .string("divinecomedy"), case .string(let stanza) = items[1]
            else { return failed("unexpected packet \(text)") }
            heard(stanza)
            if items[2] != .string(String(heard)) { failed("wrong offset in \(text)") }
        }
    }
}

/// Sends anything to any address; whatever comes back is fine, as long as something can.
final class HostileClient {
    private let world: World
    private var left = 60

    init(_ world: World) { self.world = world }

    func start() {
        guard left > 0 else { return }
        left -= 1
        let link = SimulatedLink(world) { _ in }
        if world.chance(0.4) {
            link.request(.webSocket(target()))
            for _ in 0..<world.number(0...4) {
                world.chance(0.7) ? link.say(bytes()) : link.say(binary: bytes())
            }
        } else {
            let method = ["GET", "POST", "PUT", "OPTIONS", "HEAD"][world.number(0...4)]
            link.request(Request(method: method, target: target(), body: world.chance(0.5) ? bytes() : []))
        }
        if world.chance(0.5) { world.after(world.latency()) { link.cut() } }
        world.after(world.between(.zero, .seconds(2))) { self.start() }
    }

    private func target() -> String {
        let starts = ["/", "/a/../", "/%00/", "//", "/socket.io", "/socket.io/", "/%zz/socket.io/"]
        let ends = [
            "sse?from=-1", "ws?from=99999999999", "text", "?EIO=4&transport=polling",
            "?EIO=4&transport=websocket",
            "?EIO=3&transport=polling", "?EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", "?%",
            "?EIO=4&transport",
        ]
        return starts[world.number(0...starts.count - 1)] + ends[world.number(0...ends.count - 1)]
    }

    private func bytes() -> [UInt8] {
        let known = [
            "40", "2", "3", "41", "42[\"x\"]", "451-[\"x\",{\"_placeholder\":true,\"num\":0}]", "2probe", "5",
            "1", "b!!",
            "40/nosuch,", "42[", "4\u{1e}4", "",
        ]
        if world.chance(0.7) { return Array(known[world.number(0...known.count - 1)].utf8) }
        return (0..<world.number(0...40)).map { _ in UInt8(world.number(0...255)) }
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
