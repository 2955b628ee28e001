import SocketIO
import SocketIOCore

/// A Socket.IO client over Engine.IO 3 or 4, which may poll, use a WebSocket, or move from one to the other. A restless
/// one upgrades, breaks its upgrade off, leaves, and polls twice at any moment.
final class EngineReader: SimulatedReader {
    enum Way: CaseIterable { case polling, webSocket, upgrade }

    private let way: Way
    private let revision: Int
    private var sid = ""
    private var socket: SimulatedLink?
    private var poll: SimulatedLink?
    private var isUpgrading = false
    private var mayPoll = true
    private var polls = 0
    private var isOnSocket = false
    private let isRestless: Bool
    /// Of this connection: an answer may have been lost, or overtaken by another. The offset behind each stanza tells,
    /// and the client comes back behind the last it heard in order.
    private var mayHaveGap = false

    init(_ world: World, stanzas: [String], way: Way, revision: Int = 4, isRestless: Bool = false) {
        self.way = way
        self.revision = revision
        self.isRestless = isRestless
        super.init(world, stanzas: stanzas)
    }

    override func connect() {
        sid = ""
        socket = nil
        poll = nil
        isUpgrading = false
        isOnSocket = false
        mayPoll = true
        mayHaveGap = false
        if way == .webSocket {
            openSocket("/socket.io/?EIO=\(revision)&transport=websocket\(from)")
        } else {
            let link = link { [self] arrival in
                guard case .answer(let response) = arrival, response.status == 200 else { return lost() }
                takeAll(response.body)
            }
            link.request(
                Request(
                    method: "GET", target: "/x/socket.io/?EIO=\(revision)&transport=polling&t=first\(from)"))
        }
    }

    /// Before revision 4 the handshake's query is the only place for a cursor.
    private var from: String { revision == 4 || heard == 0 ? "" : "&from=\(heard)" }

    private func takeAll(_ payload: [UInt8]) {
        guard revision == 3 else {
            for packet in payload.split(separator: 0x1e) { take(Array(packet)) }
            return
        }
        let (packets, error) = EnginePayloadV3.decodeText(payload, maxPackets: 100)
        if let error { return failed("a payload that cannot be read: \(error)") }
        for packet in packets { take(packet.encoded()) }
    }

    /// The client's own heartbeat, before revision 4.
    private func beat(_ attempt: Int) {
        world.after(.seconds(15)) { [self] in
            guard attempt == self.attempt, !isDone else { return }
            say("2")
            beat(attempt)
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
        if revision == 3 { beat(attempt) } else { greet() }
        if isRestless { disturb(attempt) }
        if way == .webSocket { return }
        pollAgain()
        if way == .upgrade {
            world.after(world.between(.milliseconds(1), .seconds(8))) { [self, attempt] in
                if attempt == self.attempt, !isDone { upgrade() }
            }
        }
    }

    private func disturb(_ attempt: Int) {
        world.after(world.between(.milliseconds(1), .seconds(3))) { [self] in
            guard attempt == self.attempt, !isDone else { return }
            switch world.number(0...3) {
            case 0 where way == .upgrade && !isUpgrading && !isOnSocket: upgrade()
            case 1: socket?.cut()
            case 2:
                // The goodbye, the poll it ends and the next handshake cross each other.
                say("1")
                again()
            case 3 where revision == 4 && poll != nil && mayPoll:
                mayHaveGap = true
                poll = nil
                pollAgain()
            default: break
            }
            disturb(attempt)
        }
    }

    private func greet() {
        say(heard == 0 ? "40" : #"40{"pid":"AAAAAAAAAAAAAAAAAAAA","offset":"\#(heard)"}"#)
    }

    // MARK: Polling

    private var target: String { "/x/socket.io/?EIO=\(revision)&transport=polling&sid=\(sid)" }

    private func pollAgain() {
        guard mayPoll, poll == nil else { return }
        polls += 1
        sendPoll(target + "&t=poll\(polls)")
    }

    private func sendPoll(_ target: String) {
        let link = link { [self] arrival in
            poll = nil
            // A browser sends a poll again by itself when its connection dies; a script, with another `t`.
            if case .cut = arrival, world.chance(0.5) { return sendPoll(target) }
            if case .cut = arrival, revision == 4, mayPoll, world.chance(0.5) {
                mayHaveGap = true
                return pollAgain()
            }
            guard case .answer(let response) = arrival, response.status == 200 else { return lost() }
            takeAll(response.body)
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
        let body = revision == 3 ? EnginePayloadV3.encodeText([Array(packet.utf8)]) : Array(packet.utf8)
        link.request(Request(method: "POST", target: target, body: body))
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
        openSocket("/x/socket.io/?EIO=\(revision)&transport=websocket&sid=\(sid)")
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
        // The answer with the last stanzas may be the one that was lost.
        case "41" where mayHaveGap: lost()
        case "41": over()
        case "1": lost()
        case "3" where revision == 3, "6": break
        default:
            if text.hasPrefix("0") { return opened(packet) }
            if text.hasPrefix("40") { return }
            guard text.hasPrefix("42"), case .array(let items)? = try? JSON.parse(packet.dropFirst(2)),
                items.count == revision - 1, items[0] == .string("divinecomedy"),
                case .string(let stanza) = items[1]
            else { return failed("unexpected packet \(text)") }
            if mayHaveGap, items[2] != .string(String(heard + 1)) { return lost() }
            heard(stanza)
            if revision == 4, items[2] != .string(String(heard)) { failed("wrong offset in \(text)") }
        }
    }
}
