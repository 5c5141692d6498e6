using System.Net;
using System.Text;
using LogBroker.Rpc.Server;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LogBroker.Server;

/// <summary>One answer of the HTTP port.</summary>
internal readonly record struct HttpPage(int Status, string ContentType, string Body);

/// <summary>
/// Health and metrics over HTTP/1.1, on a port of its own because one cleartext port cannot speak HTTP/1.1 and gRPC. Serves small
/// pages by path; GET and HEAD only. Every limit of Kestrel is set on purpose.
/// </summary>
internal sealed class HttpServer : IHttpApplication<IFeatureCollection>, IAsyncDisposable
{
    private const string PlainText = "text/plain; charset=utf-8";
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(75);
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(1);

    private readonly KestrelServer _kestrel;
    private readonly Dictionary<string, Func<HttpPage>> _pages = new(StringComparer.Ordinal);
    private readonly List<ListenOptions> _listens = [];
    private readonly ILogger _logger;

    /// <summary>Prepares a server; nothing listens yet.</summary>
    public HttpServer(BrokerOptions options, ILoggerFactory loggers)
    {
        _logger = loggers.CreateLogger<HttpServer>();
        var kestrel = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        kestrel.Limits.MaxConcurrentConnections = options.Config.Number(ConfigTable.MaxHttpConnections);
        kestrel.Limits.MaxConcurrentUpgradedConnections = 0;
        kestrel.Limits.KeepAliveTimeout = IdleTime;
        kestrel.Limits.RequestHeadersTimeout = options.Config.Duration(ConfigTable.HandshakeTimeout);
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.MaxRequestLineSize = 4 * 1024;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16 * 1024;
        kestrel.Limits.MaxRequestHeaderCount = 50;
        foreach (var endPoint in options.HttpEndPoints)
        {
            kestrel.Listen(endPoint, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                _listens.Add(listen);
            });
        }

        var transport = new SocketListeners(DescriptorBudget.Preferred, null, TimeProvider.System, loggers);
        _kestrel = new KestrelServer(Options.Create(kestrel), transport, loggers);
    }

    /// <summary>The addresses that it really listens on; empty before the start.</summary>
    public IReadOnlyList<IPEndPoint> BoundEndPoints { get; private set; } = [];

    /// <summary>Adds a page; before the start.</summary>
    public void Add(string path, Func<HttpPage> page) => _pages.Add(path, page);

    /// <summary>Adds a probe: 200 when it is well, 503 when not.</summary>
    public void AddProbe(string path, Func<ProbeAnswer> probe) => Add(path, () =>
    {
        var answer = probe();
        return new HttpPage(answer.IsOk ? 200 : 503, PlainText, answer.Text + "\n");
    });

    /// <summary>Binds and serves.</summary>
    /// <exception cref="IOException">An address cannot be bound.</exception>
    public async Task StartAsync()
    {
        Add("/", Index);
        await _kestrel.StartAsync(this, CancellationToken.None);
        BoundEndPoints = [.. _listens.Select(listen => listen.IPEndPoint!)];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var cut = new CancellationTokenSource(StopTime);
        await _kestrel.StopAsync(cut.Token);
        _kestrel.Dispose();
    }

    IFeatureCollection IHttpApplication<IFeatureCollection>.CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    void IHttpApplication<IFeatureCollection>.DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    async Task IHttpApplication<IFeatureCollection>.ProcessRequestAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        var response = context.GetRequiredFeature<IHttpResponseFeature>();
        var page = Find(request);
        byte[] body = Encoding.UTF8.GetBytes(page.Body);
        response.StatusCode = page.Status;
        response.Headers.ContentType = page.ContentType;
        response.Headers.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (page.Status == StatusCodes.Status405MethodNotAllowed)
            response.Headers.Allow = "GET, HEAD";
        if (request.Method != HttpMethods.Head)
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body);
    }

    private HttpPage Find(IHttpRequestFeature request)
    {
        if (request.Method is not ("GET" or "HEAD"))
            return new HttpPage(StatusCodes.Status405MethodNotAllowed, PlainText, "only GET and HEAD\n");
        if (!_pages.TryGetValue(request.Path, out var page))
            return new HttpPage(StatusCodes.Status404NotFound, PlainText, "no such page; / lists all\n");
        try
        {
            return page();
        }
        catch (Exception e)
        {
            Log.HttpFailed(_logger, request.Path, e);
            return new HttpPage(StatusCodes.Status500InternalServerError, PlainText, "failed; the log of the broker says more\n");
        }
    }

    private HttpPage Index() => new(200, PlainText,
        $"LogBroker {ServerVersion.Text}\n" + string.Concat(_pages.Keys.Where(path => path != "/").Order().Select(path => path + "\n")));
}
