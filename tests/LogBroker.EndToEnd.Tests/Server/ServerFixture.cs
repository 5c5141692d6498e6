namespace LogBroker.EndToEnd.Tests;

/// <summary>One broker for the tests of a class that do not stop it.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private ServerProcess? _server;

    public ServerProcess Server => _server!;

    public async ValueTask InitializeAsync() =>
        _server = await ServerProcess.StartAsync(arguments: ["--limits:messagereadtimeout", "2s", "--limits:handshaketimeout", "2s"]);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
