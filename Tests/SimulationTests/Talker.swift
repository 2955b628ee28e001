import SocketIO
import SocketIOCore

/// A client of Engine.IO that counts to ``goal`` and hears each number back, while everything that may cross does: polls
/// and their repetitions, second polls, upgrades and their rivals, closes from either side and what is said behind them.
///
/// Where a ``SimulatedReader`` would come back behind a loss and hear the rest, nothing is made good here: within a
/// session each number is heard once and in order at both ends, and a session ends only for a reason. Who loses its
/// session begins another, and counts from one.
final class Talker {
    let world: World
    let ledger: Ledger
    let revision: Int
    private(set) var fault: String?
    private(set) var isDone = false
    /// What has happened, so that a run in which it does not is no test of it.
    private(set) var deeds: [String] = []
    static let goal = 12
    /// So often it counts to the end.
    static let laps = 3
    private var laps = 0
    /// Said while polling: in turn, one side ends and the other.
    private var goodbyes = 0

    private var attempt = 0
    private var sid = ""
    private var said = 0
    private var heard = 0
    /// Heartbeats to be sent with the next numbers.
    private var urgent: [String] = []

    /// By number, until they are answered.
    private var openPolls: Set<Int> = []
    private var polls = 0
    /// The answers that have overtaken others, and the one whose turn it is.
    private var answers: [Int: [UInt8]] = [:]
    private var turn = 1
    /// The last poll is under way once more.
    private var isRepeating = false
    private var hasPolledTwice = false
    private var openPosts = 0
    private var mayPoll = true

    private var socket: SimulatedLink?
    private var isOnSocket = false
    private var isUpgrading = false
    /// Its other upgrade has not been turned away yet.
    private var hasRival = false
    /// The server has accepted the probe.
    private var isProbed = false
    private var isLeaving = false
    /// The server may have lost a connection of this session, or seen two polls.
    private var mayHaveEnded = false

    init(_ world: World, _ ledger: Ledger, revision: Int) {
        self.world = world
        self.ledger = ledger
        self.revision = revision
    }

    // MARK: A session

    func start() {
        attempt += 1
        (sid, said, heard, urgent) = ("", 0, 0, [])
        (openPolls, polls, answers, turn, openPosts, mayPoll) = ([], 0, [:], 1, 0, true)
        (socket, isOnSocket, isUpgrading, isProbed, isLeaving) = (nil, false, false, false, false)
        (mayHaveEnded, hasPolledTwice, hasRival) = (false, false, false)
        let link = link { [self] arrival in
            guard case .answer(let response) = arrival, response.status == 200 else { return again() }
            for packet in packets(response.body) { open(packet) }
        }
        link.request(Request(method: "GET", target: "/talk/?EIO=\(revision)&transport=polling&t=0"))
    }

    private func open(_ packet: String) {
        guard packet.hasPrefix("0"), let open = try? JSON.parse(Array(packet.utf8)[1...]),
            case .string(let text)? = open["sid"]
        else { return failed("no open packet: \(packet)") }
        sid = text
        pollAgain()
        step()
    }

    private func again() {
        attempt += 1
        socket?.cut()
        world.after(world.between(.milliseconds(1), .seconds(2))) { [self, attempt] in
            if attempt == self.attempt, !isDone { start() }
        }
    }

    /// The session is over, if it may be.
    private func lost(_ why: String) {
        if mayHaveEnded { again() } else { failed("lost its session: \(why)") }
    }

    private func failed(_ sentence: String) {
        guard fault == nil else { return }
        fault = "revision \(revision), \(heard) of \(said) heard: \(sentence) \(deeds.suffix(10))"
    }

    private func count(_ deed: String) { deeds.append(deed) }

    private func link(_ handle: @escaping (Arrival) -> Void) -> SimulatedLink {
        let mine = attempt
        return SimulatedLink(world) { [self] arrival in
            if attempt == mine, !isDone, fault == nil { handle(arrival) }
        }
    }

    /// Something every now and then.
    private func step() {
        world.after(world.between(.milliseconds(1), .milliseconds(400))) { [self, attempt] in
            guard attempt == self.attempt, !isDone, fault == nil, !isLeaving else { return }
            switch world.number(0...10) {
            case 0...4: speak()
            case 5 where !isUpgrading && !isOnSocket: upgrade()
            case 7 where isUpgrading && !isOnSocket: breakOff()
            case 8 where mayPollTwice && world.chance(0.3): pollTwice()
            case 9 where world.chance(0.1): leave()
            case 10 where said == Self.goal: leave()
            default: break
            }
            step()
        }
    }

    // MARK: Saying

    private func speak() {
        let numbers = (0..<world.number(1...3)).filter { said + $0 < Self.goal }.map { "4\(said + $0 + 1)" }
        guard isOnSocket || openPosts == 0, !numbers.isEmpty || !urgent.isEmpty else { return }
        if isOnSocket || !isProbed || world.chance(0.5) {
            said += numbers.count
            say(urgent + numbers)
            urgent = []
        }
    }

    private func say(_ packets: [String]) {
        guard !isOnSocket else {
            for packet in packets { socket?.say(Array(packet.utf8)) }
            return
        }
        post(packets) { [self] status in
            if status != 200 { lost("a POST was answered \(status)") }
            switchOver()
        }
    }

    private func post(_ packets: [String], _ answered: @escaping (Int) -> Void) {
        openPosts += 1
        let link = link { [self] arrival in
            openPosts -= 1
            guard case .answer(let response) = arrival else {
                // Whether it was heard nobody can tell, so a client gives up.
                mayHaveEnded = true
                return isLeaving ? leftPerhaps() : again()
            }
            answered(response.status)
        }
        let all = packets.map { Array($0.utf8) }
        let body = revision == 3 ? EnginePayloadV3.encodeText(all) : Array(all.joined(separator: [0x1e]))
        link.request(Request(method: "POST", target: target + "&t=post", body: body))
    }

    // MARK: Polling

    private var target: String { "/talk/?EIO=\(revision)&transport=polling&sid=\(sid)" }

    private func pollAgain() {
        guard mayPoll, openPolls.isEmpty, !isOnSocket else { return }
        polls += 1
        openPolls.insert(polls)
        isRepeating = false
        send(poll: polls)
    }

    private var mayPollTwice: Bool { mayPoll && openPolls.count == 1 && !isRepeating && !hasPolledTwice }

    /// Against the rules: the server ends the session, unless one was answered before the other came; which of them,
    /// nobody can tell. Both are answered.
    private func pollTwice() {
        count("second poll")
        mayHaveEnded = true
        hasPolledTwice = true
        polls += 1
        openPolls.insert(polls)
        send(poll: polls)
        world.after(world.trouble.worstLatency * 4) { [self, attempt] in
            guard attempt == self.attempt, openPolls.count == 2, !isRepeating, fault == nil else { return }
            failed("of two polls neither is answered")
        }
    }

    private func send(poll number: Int) {
        let link = link { [self] arrival in
            switch arrival {
            case .answer(let response) where response.status == 200:
                openPolls.remove(number)
                answers[number] = response.body
                takeAnswers()
            case .answer where hasPolledTwice && !isLeaving:
                openPolls.remove(number)
                takeAnswers()
            case .answer(let response):
                openPolls.remove(number)
                if isLeaving { leftPerhaps() } else { lost("a poll was answered \(response.status)") }
            default:
                mayHaveEnded = true
                // A browser asks again by itself, in the same words; behind another poll nobody knows them any more.
                guard number == polls, world.chance(0.8) else { return again() }
                count("repeated poll")
                isRepeating = true
                send(poll: number)
            }
        }
        link.request(Request(method: "GET", target: target + "&t=poll\(number)"))
    }

    private func takeAnswers() {
        if hasPolledTwice, !isLeaving {
            if openPolls.isEmpty { again() }
            return
        }
        while let answer = answers.removeValue(forKey: turn) {
            turn += 1
            for packet in packets(answer) { take(packet) }
        }
        if isLeaving { return leftPerhaps() }
        switchOver()
        pollAgain()
    }

    private func packets(_ payload: [UInt8]) -> [String] {
        guard revision == 3 else {
            return payload.split(separator: 0x1e).map { String(decoding: $0, as: UTF8.self) }
        }
        let (packets, error) = EnginePayloadV3.decodeText(payload, maxPackets: 100)
        if let error { failed("a payload that cannot be read: \(error)") }
        return packets.map { String(decoding: $0.encoded(), as: UTF8.self) }
    }

    private func take(_ packet: String) {
        switch packet {
        case "6", "3": break
        case "2": urgent.append("3")
        case "1":
            if !isLeaving { lost("the server said 1") }
        default:
            guard packet.hasPrefix("4"), let number = Int(packet.dropFirst()) else {
                return failed("unexpected packet \(packet)")
            }
            // The echo of what crossed the end.
            if isLeaving, number == Ledger.perhapsHeard || number == said + 1 { return }
            guard number == heard + 1 else { return failed("heard \(number)") }
            heard = number
        }
    }

    // MARK: Moving up

    private func upgrade() {
        isUpgrading = true
        count("upgrade")
        socket = probe { [self] arrival in
            switch arrival {
            case .socketOpened: socket?.say(Array("2probe".utf8))
            case .text(let text) where isOnSocket: take(String(decoding: text, as: UTF8.self))
            case .text(let text): probed(String(decoding: text, as: UTF8.self))
            case .cut where isOnSocket:
                mayHaveEnded = true
                isLeaving ? left() : again()
            case .cut: stayPolling()
            case .socketClosed where isLeaving: left()
            case .socketClosed where isOnSocket: lost("its WebSocket was closed")
            case .socketClosed: mayHaveEnded ? again() : failed("was turned away with its upgrade")
            default: lost("an upgrade was answered \(arrival)")
            }
        }
    }

    private func probe(_ handle: @escaping (Arrival) -> Void) -> SimulatedLink {
        let link = link(handle)
        link.request(.webSocket("/talk/?EIO=\(revision)&transport=websocket&sid=\(sid)"))
        return link
    }

    private func probed(_ packet: String) {
        guard packet == "3probe" else { return failed("heard \(packet) for its probe") }
        isProbed = true
        mayPoll = false
        if world.chance(0.3) { challenge() }
        if world.chance(0.2) { breakOff() } else { switchOver() }
    }

    /// A second upgrade beside the first must be turned away.
    private func challenge() {
        count("rival")
        hasRival = true
        var rival: SimulatedLink?
        rival = probe { [self] arrival in
            switch arrival {
            case .socketOpened:
                rival?.say(Array("2probe".utf8))
                rival?.say(Array("5".utf8))
            case .text(let text):
                // The first may have broken off meanwhile; then this one is the only one, and says no more.
                if isOnSocket { failed("two upgrades: \(String(decoding: text, as: UTF8.self))") }
                mayHaveEnded = true
                again()
            default:
                rival = nil
                hasRival = false
            }
        }
    }

    /// Once nothing is under way by polling, what is said goes by the WebSocket.
    private func switchOver() {
        guard isProbed, !isOnSocket, !isLeaving, openPolls.isEmpty, openPosts == 0 else { return }
        count("switch")
        isOnSocket = true
        socket?.say(Array("5".utf8))
    }

    private func breakOff() {
        count("broken upgrade")
        socket?.cut()
    }

    private func stayPolling() {
        // Now there is room for the other one.
        if hasRival { mayHaveEnded = true }
        (socket, isProbed, mayPoll) = (nil, false, true)
        pollAgain()
        // The server must have noticed before there is another.
        world.after(world.trouble.worstLatency * 2) { [self, attempt] in
            if attempt == self.attempt { isUpgrading = false }
        }
    }

    // MARK: Leaving

    /// In one of several ways; behind each of them nothing may be heard.
    private func leave() {
        guard openPosts == 0, !hasPolledTwice, isOnSocket || !isUpgrading else { return }
        isLeaving = true
        if isOnSocket {
            count("leaves its WebSocket")
            // Without a goodbye of ours there is nobody who would close it.
            say(["4" + Ledger.goodbye, "4\(Ledger.neverHeard)"])
            return
        }
        goodbyes += 1
        let end = goodbyes % 2 == 0 ? "1" : "4" + Ledger.goodbye
        count(end == "1" ? "closes" : "is closed")
        if world.chance(0.5) {
            // What stands before the end is heard, though nobody will say it back.
            let last = said + 1
            post(["4\(last)", end, "4\(Ledger.neverHeard)"]) { [self, sid] status in
                if status == 200, !mayHaveEnded, !ledger.hasHeard(last, from: sid) {
                    failed("was not heard before its end")
                }
                afterTheEnd(isOurs: end == "1")
            }
        } else {
            post([end]) { [self] _ in leftPerhaps() }
            post(["4\(Ledger.perhapsHeard)"]) { [self, sid] status in
                if status != 200, ledger.hasHeard(Ledger.perhapsHeard, from: sid) {
                    failed("was answered \(status) for what was heard")
                }
                leftPerhaps()
            }
        }
    }

    /// A late POST, when the end has been taken.
    private func afterTheEnd(isOurs: Bool) {
        count("speaks behind the end")
        post(["4\(Ledger.neverHeard)"]) { [self] status in
            if isOurs, status == 200 { failed("was heard behind its own end") }
            leftPerhaps()
        }
    }

    /// Nobody is left behind: whatever was asked is answered.
    private func leftPerhaps() {
        if openPolls.isEmpty, openPosts == 0 { left() }
    }

    private func left() {
        // What is to be heard was heard before the end; cut off, it may have been lost on its way.
        if said == Self.goal, heard == said {
            laps += 1
            isDone = laps == Self.laps
        }
        if isDone { attempt += 1 } else { again() }
    }
}
