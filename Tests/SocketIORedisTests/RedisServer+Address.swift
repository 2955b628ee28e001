import TestSupport

@testable import SocketIORedis

extension RedisServer {
    var address: RedisAddress { RedisAddress(port: port) }
}
