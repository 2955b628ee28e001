import SocketIO
import SocketIOCore

/// What arrives at a client.
enum Arrival {
    case answer(Response)
    case streamOpened
    case piece([UInt8])
    case streamEnded
    case socketOpened
    case text([UInt8])
    case binary([UInt8])
    case socketClosed(UInt16?)
    /// The connection is gone.
    case cut
}

/// A connection between the shard and a simulated client: pieces travel in order, each with a delay, until the
/// connection is cut, which loses whatever is under way.
final class SimulatedLink: Link {
    private let world: World
    private let receive: (Arrival) -> Void
    var delegate: (any LinkDelegate)?
    private(set) var isReady = true
    private var isCorked = false
    private var isStream = false
    private var isCut = false
    private var lastOut: Instant
    private var lastIn: Instant

    init(_ world: World, receive: @escaping (Arrival) -> Void) {
        self.world = world
        self.receive = receive
        lastOut = world.now
        lastIn = world.now
    }

    // MARK: The client's side

    func request(_ request: Request) {
        carryIn { [self] in
            if let client = request.body.isEmpty ? nil : Optional(request), world.chance(0.3) {
                world.shard.bodyBegan(client, on: self, at: world.now)
                if !isCut { carryIn { [self] in world.shard.received(request, on: self, at: world.now) } }
            } else {
                world.shard.received(request, on: self, at: world.now)
            }
        }
    }

    func say(_ text: [UInt8]) {
        carryIn { [self] in delegate?.link(self, receivedText: text[...], at: world.now) }
    }

    func say(binary: [UInt8]) {
        carryIn { [self] in delegate?.link(self, receivedBinary: binary, at: world.now) }
    }

    /// The client, or the network, ends the connection; the server notices a while later.
    func cut() {
        guard !isCut else { return }
        isCut = true
        world.after(world.latency()) { [self] in
            isReady = false
            let delegate = delegate
            self.delegate = nil
            delegate?.linkClosed(self, at: world.now)
        }
        receive(.cut)
    }

    private func carryIn(_ act: @escaping () -> Void) {
        guard !isCut else { return }
        lastIn = max(lastIn, world.now + world.latency())
        world.at(lastIn) { [self] in
            if isCut { return }
            world.chance(world.trouble.cut) ? cut() : act()
        }
    }

    // MARK: The server's side

    private func carryOut(_ arrival: Arrival) {
        lastOut = max(lastOut, world.now + world.latency())
        world.at(lastOut) { [self] in
            if isCut { return }
            world.chance(world.trouble.cut) ? cut() : receive(arrival)
        }
    }

    func respond(_ response: Response) {
        delegate = nil
        guard world.trouble.answerCut > 0, world.chance(world.trouble.answerCut) else {
            return carryOut(.answer(response))
        }
        world.lostAnswers += 1
        world.after(world.latency()) { [self] in cut() }
    }

    func respond(counted make: @escaping @Sendable (Totals) -> Response) { respond(make(Totals())) }

    func openStream(_ head: Response) {
        isStream = true
        isCorked = true
        carryOut(.streamOpened)
    }

    func openSocket(accept: String, headers: [(name: String, value: String)], maxMessageBytes: Int?) {
        isCorked = true
        carryOut(.socketOpened)
    }

    func write(_ frame: Frame) { wrote(isStream ? .piece(frame.packet) : .text(frame.packet)) }

    func write(_ packet: Outgoing) {
        switch packet {
        case .frame(let frame): write(frame)
        case .text(let bytes): wrote(.text(bytes))
        case .binary(let bytes): wrote(.binary(bytes))
        }
    }

    private func wrote(_ arrival: Arrival) {
        carryOut(arrival)
        guard !isCorked, world.chance(world.trouble.stall) else { return }
        isReady = false
        world.after(world.between(.milliseconds(1), world.trouble.worstStall)) { [self] in
            guard !isCut else { return }
            isReady = true
            delegate?.linkReady(self, at: world.now)
        }
    }

    func ping() {}
    func flush() { isCorked = false }

    func endStream() {
        delegate = nil
        carryOut(.streamEnded)
    }

    func closeSocket(code: UInt16?) {
        delegate = nil
        carryOut(.socketClosed(code))
    }

    func abort() { cut() }
}
