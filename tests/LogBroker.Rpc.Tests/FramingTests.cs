using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace LogBroker.Rpc.Tests;

/// <summary>Messages of all sizes, cut at random places on their way, arrive whole and in order.</summary>
public sealed class FramingTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task TheClientPutsResponsesTogether(int seed)
    {
        var random = new Random(seed);
        var messages = RandomMessages(random, count: 40, bytesMax: 1_500_000, totalMax: 6_000_000);
        var wire = messages.SelectMany(static m => RawHttp2.Message(0, (uint)m.Length, m)).ToArray();
        await using var server = await FakeServer.StartAsync(
            async context =>
            {
                context.Response.ContentType = "application/grpc";
                foreach (var piece in Cut(random, wire))
                {
                    await context.Response.Body.WriteAsync(piece);
                    await context.Response.Body.FlushAsync();
                }
                context.Response.AppendTrailer("grpc-status", "0");
            });
        using var call = server.Channel.ServerStreaming(
            TrackedMarshaller.Method(MethodType.ServerStreaming), new TrackedMessage([]));
        var received = new List<byte[]>();
        while (await call.ResponseStream.MoveNext())
        {
            received.Add(call.ResponseStream.Current.Bytes);
            while (seed % 2 == 0 && call.ResponseStream.TryRead(out var more))
                received.Add(more.Bytes);
        }
        Assert.Equal(messages.Select(Hash), received.Select(Hash));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task TheServerPutsRequestsTogether(int seed)
    {
        var random = new Random(seed);
        // Within the stream's window, which the raw client does not follow.
        var messages = RandomMessages(random, count: 60, bytesMax: 200_000, totalMax: 700_000);
        var wire = messages.SelectMany(static m => RawHttp2.Message(0, (uint)m.Length, m)).ToArray();
        var method = TrackedMarshaller.Method(MethodType.ClientStreaming);
        var received = new TaskCompletionSource<List<byte[]>>();
        await using var server = await TestServer.StartAsync(services: s => s.ClientStreaming(method, async (requests, _) =>
        {
            var all = new List<byte[]>();
            while (await requests.MoveNext())
            {
                all.Add(requests.Current.Bytes);
                while (seed % 2 == 0 && requests.TryRead(out var more))
                    all.Add(more.Bytes);
            }
            received.SetResult(all);
            return new TrackedMessage([]);
        }));
        using var raw = await RawHttp2.OpenAsync(server.Port);
        await raw.SendFrameAsync(RawHttp2.Headers, RawHttp2.EndHeaders, 1, RawHttp2.RequestHeaders(method.FullName));
        foreach (var piece in Cut(random, wire))
            await raw.SendFrameAsync(RawHttp2.Data, 0, 1, piece);
        await raw.SendFrameAsync(RawHttp2.Data, RawHttp2.EndStream, 1, []);
        Assert.Equal(messages.Select(Hash), (await received.Task.WaitAsync(TimeSpan.FromSeconds(20))).Select(Hash));
    }

    private static List<byte[]> RandomMessages(Random random, int count, int bytesMax, int totalMax)
    {
        var messages = new List<byte[]>();
        for (var left = totalMax; messages.Count < count;)
        {
            var kind = Math.Pow(random.NextDouble(), 4);
            var message = new byte[Math.Min((int)(kind * bytesMax), left - 5 * (count - messages.Count))];
            random.NextBytes(message);
            messages.Add(message);
            left -= message.Length + 5;
        }
        return messages;
    }

    private static IEnumerable<byte[]> Cut(Random random, byte[] wire)
    {
        for (var at = 0; at < wire.Length;)
        {
            var length = Math.Min(wire.Length - at, random.Next(3) == 0 ? random.Next(1, 20) : random.Next(1, 16_384));
            yield return wire[at..(at + length)];
            at += length;
        }
    }

    private static string Hash(byte[] bytes) => $"{bytes.Length}:{Convert.ToHexString(SHA256.HashData(bytes))}";
}
