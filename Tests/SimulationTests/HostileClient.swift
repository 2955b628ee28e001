import SocketIO
import SocketIOCore

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
