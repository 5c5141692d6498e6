using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace LogBroker.Rpc.Server;

/// <summary>
/// One span per call, by OpenTelemetry's conventions for gRPC, child of the caller's <c>traceparent</c>. Costs nothing while
/// nobody listens. Thread-safe: no state.
/// </summary>
internal static class CallTracing
{
    private static readonly ActivitySource Source = new(GrpcServer.ActivitySourceName);

    public static Activity? Start(Method method, IHeaderDictionary headers)
    {
        if (!Source.HasListeners())
            return null;
        ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var parent);
        var activity = Source.StartActivity($"{method.ServiceName}/{method.Name}", ActivityKind.Server, parent);
        activity?.SetTag("rpc.system", "grpc");
        activity?.SetTag("rpc.service", method.ServiceName);
        activity?.SetTag("rpc.method", method.Name);
        return activity;
    }

    public static void End(Activity? activity, Status status)
    {
        if (activity is null)
            return;
        activity.SetTag("rpc.grpc.status_code", (int)status.StatusCode);
        if (IsServerError(status.StatusCode))
            activity.SetStatus(ActivityStatusCode.Error, status.Detail);
        activity.Dispose();
    }

    // Source: OpenTelemetry semantic conventions for gRPC, "gRPC status" of server spans.
    private static bool IsServerError(StatusCode code) => code is StatusCode.Unknown or StatusCode.DeadlineExceeded
        or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss;
}
