using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LogBroker.Rpc.Server;

/// <summary>
/// Serves gRPC on Kestrel, HTTP/2 without TLS. Started once and stopped once; the methods are thread-safe.
/// </summary>
public sealed class GrpcServer : IAsyncDisposable
{
    /// <summary>The name of the <see cref="System.Diagnostics.ActivitySource"/> that has a span for each call.</summary>
    public const string ActivitySourceName = "LogBroker.Rpc.Server";

    /// <summary>How long calls may take to end after they were cancelled, before their connections are cut.</summary>
    private static readonly TimeSpan CancelledCallsEnd = TimeSpan.FromSeconds(1);

    private readonly GrpcServerOptions _options;
    private readonly WebApplication _host;
    private readonly IServer _kestrel;
    private readonly GrpcApplication _application;
    private readonly CallRegistry _registry;
    private readonly List<ListenOptions> _listens = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Task? _stop;

    /// <summary>Prepares a server; nothing listens yet.</summary>
    public GrpcServer(GrpcServerOptions options, GrpcServices services, ILoggerFactory? loggerFactory = null)
    {
        loggerFactory ??= NullLoggerFactory.Instance;
        _logger = loggerFactory.CreateLogger<GrpcServer>();
        _options = options;
        _registry = new CallRegistry(options, _logger);
        _application = new GrpcApplication(services.Freeze(), options, _registry, _stopping.Token, _logger);
        _host = BuildKestrel(new PrefaceGuard(options, _logger), loggerFactory);
        _kestrel = _host.Services.GetRequiredService<IServer>();
    }

    /// <summary>The addresses that the server really listens on, in the order of the options. Empty before the start.</summary>
    public IReadOnlyList<IPEndPoint> BoundEndPoints { get; private set; } = [];

    /// <summary>The calls whose handlers run now.</summary>
    public int CallsInFlight => _registry.Count;

    /// <summary>Binds and begins to serve.</summary>
    /// <exception cref="IOException">An address cannot be bound; the message names it.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await _kestrel.StartAsync(_application, cancellationToken);
        BoundEndPoints = [.. _listens.Select(static listen => listen.IPEndPoint!)];
    }

    /// <summary>
    /// Stops: no new connections and calls; <see cref="ServerCallContext.Stopping"/> fires; calls that have not ended after
    /// <paramref name="grace"/> are cancelled and end with UNAVAILABLE, and at last their connections are cut. Returns at
    /// most about two seconds after the grace. Further calls wait for the first.
    /// </summary>
    public Task StopAsync(TimeSpan grace)
    {
        lock (_lock)
            return _stop ??= StopOnceAsync(grace);
    }

    /// <summary>Stops without grace.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.Zero);

    /// <summary>
    /// Kestrel by way of an otherwise empty host, which is never run: only so does it get a memory pool. Made by its constructor it
    /// takes the shared array pool, which drops most of what a busy stream gives back. What is added last counts.
    /// </summary>
    private WebApplication BuildKestrel(PrefaceGuard guard, ILoggerFactory loggerFactory)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggerFactory);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            _options.ApplyTo(kestrel);
            foreach (var endPoint in _options.EndPoints)
            {
                kestrel.Listen(endPoint, listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    listen.Use(guard.Wrap);
                    _listens.Add(listen);
                });
            }
        });
        var memory = new TransportBlocks.Factory();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(memory);
        builder.Services.AddSingleton<IConnectionListenerFactory>(
            new SocketListeners(_options.Descriptors, memory, _options.TimeProvider, loggerFactory));
        return builder.Build();
    }

    private async Task StopOnceAsync(TimeSpan grace)
    {
        await Task.Yield();
        using var cut = new CancellationTokenSource();
        var drained = _registry.CloseAsync();
        var unbound = _kestrel.StopAsync(cut.Token);
        await _stopping.CancelAsync();
        if (!await EndsWithinAsync(drained, grace))
        {
            Log.CallsCancelledAtStop(_logger, _registry.Count, grace.TotalSeconds);
            _registry.ForceAll(new Status(StatusCode.Unavailable, "The server is stopping."));
            await EndsWithinAsync(drained, CancelledCallsEnd);
        }
        // All calls have ended, or never will: what is left on the connections gets a moment to be sent.
        cut.CancelAfter(CancelledCallsEnd);
        await unbound;
        await _host.DisposeAsync();
        _registry.Dispose();
    }

    private async Task<bool> EndsWithinAsync(Task task, TimeSpan time)
    {
        if (task.IsCompleted)
            return true;
        if (time <= TimeSpan.Zero)
            return false;
        try
        {
            await task.WaitAsync(time, _options.TimeProvider);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
