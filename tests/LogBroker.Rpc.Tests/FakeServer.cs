using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace LogBroker.Rpc.Tests;

/// <summary>An HTTP/2 server that answers as a test says, right or wrong, with a channel to it.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private FakeServer(WebApplication application, GrpcChannelOptions? options)
    {
        _application = application;
        Channel = GrpcChannel.ForAddress(application.Urls.First(), options);
    }

    public GrpcChannel Channel { get; }

    public static async Task<FakeServer> StartAsync(RequestDelegate answer, GrpcChannelOptions? options = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        var application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        return new FakeServer(application, options);
    }

    /// <summary>Answers with bytes and, if given, a status in the trailers.</summary>
    public static RequestDelegate Answer(byte[] body, string? status) => async context =>
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync();
        await context.Response.Body.WriteAsync(body);
        if (status is not null)
            context.Response.AppendTrailer("grpc-status", status);
    };

    public static void Reset(HttpContext context, int code) => context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(code);

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await _application.DisposeAsync();
    }
}
