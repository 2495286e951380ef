/* A CUDA driver that is played on the host, for tests: its devices' memory is the host's.

It has what numba.cuda calls, and is as strict as a driver: without a context, in another device's
stream or out of an allocation, a call fails. Of kernels it knows "count" and "checksum" by name;
others do nothing. PLAYED_DEVICES says how many devices there are, PLAYED_INIT what cuInit returns,
PLAYED_MEMORY how many bytes each has. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101,
       INVALID_CONTEXT = 201, INVALID_HANDLE = 400, PEER_ENABLED = 704, ILLEGAL_ADDRESS = 700 };
enum { MOST = 4, DEPTH = 8, ALLOCATIONS = 4096 };

typedef struct { int device; } Context;
typedef struct { int device; } Stream;
typedef struct { double ms; } Event;
typedef struct { int device; char name[512]; } Function;
typedef struct { int device; uint8_t *at; size_t size; } Allocation;

static Context contexts[MOST] = {{0}, {1}, {2}, {3}};
static Context *stack[DEPTH];
static int depth, is_initialized, enabled[MOST][MOST];
static size_t used[MOST];
static Allocation allocations[ALLOCATIONS];

static long told(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}
static int n_devices(void) { return (int)told("PLAYED_DEVICES", 2); }
static size_t memory(void) { return (size_t)told("PLAYED_MEMORY", 1 << 26); }

#define NEEDS_INIT if (!is_initialized) return NOT_INITIALIZED
#define NEEDS_CONTEXT NEEDS_INIT; if (!depth) return INVALID_CONTEXT; int here = stack[depth - 1]->device
#define NEEDS_OWN(stream) if ((stream) && ((Stream *)(stream))->device != here) return INVALID_HANDLE

static int holds(int device, const void *at, size_t size) {
    for (int i = 0; i < ALLOCATIONS; i++) {
        Allocation *a = &allocations[i];
        if (a->at && (device < 0 || a->device == device) && (uint8_t *)at >= a->at &&
            (uint8_t *)at + size <= a->at + a->size)
            return 1;
    }
    return 0;
}

int cuInit(unsigned flags) {
    long code = told("PLAYED_INIT", 0);
    if (code == -1) abort();
    is_initialized = !code;
    return (int)code;
}
int cuGetErrorName(int code, const char **text) { *text = code == 100 ? "CUDA_ERROR_NO_DEVICE" : NULL; return *text ? OK : INVALID_VALUE; }
int cuGetErrorString(int code, const char **text) { *text = code == 100 ? "no CUDA-capable device is detected" : NULL; return *text ? OK : INVALID_VALUE; }
int cuDriverGetVersion(int *version) { *version = 13000; return OK; }
int cuDeviceGetCount(int *count) { NEEDS_INIT; *count = n_devices(); return OK; }
int cuDeviceGet(int *device, int i) { NEEDS_INIT; *device = i; return i < n_devices() ? OK : INVALID_DEVICE; }
int cuDeviceGetName(char *name, int size, int device) { NEEDS_INIT; snprintf(name, size, "Played %d", device); return OK; }
int cuDeviceGetUuid_v2(char *uuid, int device) { NEEDS_INIT; memset(uuid, device, 16); return OK; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    NEEDS_INIT;
    switch (attribute) {
    case 75: *value = 8; break;             /* compute capability 8.0 */
    case 16: *value = 108; break;           /* multiprocessors */
    case 38: *value = 40 << 20; break;      /* L2 */
    case 36: *value = 1215000; break;       /* kHz */
    case 37: *value = 5120; break;          /* bits */
    case 33: *value = 0x17 + device; break; /* PCI bus */
    case 19: case 41: *value = 1; break;    /* host memory mapped, one address space */
    default: *value = 0;
    }
    return OK;
}
int cuDeviceCanAccessPeer(int *can, int device, int peer) { NEEDS_INIT; *can = device != peer && device < 2 && peer < 2; return OK; }
int cuDevicePrimaryCtxRetain(Context **context, int device) { NEEDS_INIT; *context = &contexts[device]; return OK; }
int cuDevicePrimaryCtxRelease_v2(int device) { return OK; }
int cuDevicePrimaryCtxReset_v2(int device) { return OK; }
int cuCtxPushCurrent_v2(Context *context) { NEEDS_INIT; if (depth == DEPTH) return INVALID_CONTEXT; stack[depth++] = context; return OK; }
int cuCtxPopCurrent_v2(Context **context) { NEEDS_INIT; if (!depth) return INVALID_CONTEXT; *context = stack[--depth]; return OK; }
int cuCtxGetCurrent(Context **context) { NEEDS_INIT; *context = depth ? stack[depth - 1] : NULL; return OK; }
int cuCtxGetDevice(int *device) { NEEDS_CONTEXT; *device = here; return OK; }
int cuCtxSynchronize(void) { NEEDS_CONTEXT; (void)here; return OK; }
int cuCtxEnablePeerAccess(Context *peer, unsigned flags) {
    NEEDS_CONTEXT;
    if (enabled[here][peer->device]) return PEER_ENABLED;
    enabled[here][peer->device] = 1;
    return OK;
}
int cuMemGetInfo_v2(size_t *free_bytes, size_t *total) { NEEDS_CONTEXT; *total = memory(); *free_bytes = memory() - used[here]; return OK; }
int cuMemAlloc_v2(uint64_t *pointer, size_t size) {
    NEEDS_CONTEXT;
    if (used[here] + size > memory()) return OUT_OF_MEMORY;
    for (int i = 0; i < ALLOCATIONS; i++)
        if (!allocations[i].at) {
            void *at = NULL;
            if (posix_memalign(&at, 256, size + 256)) return OUT_OF_MEMORY;
            memset(at, 0xCD, size);
            allocations[i] = (Allocation){here, at, size};
            used[here] += size;
            *pointer = (uint64_t)(uintptr_t)at;
            return OK;
        }
    return OUT_OF_MEMORY;
}
int cuMemFree_v2(uint64_t pointer) {
    NEEDS_CONTEXT; (void)here;
    for (int i = 0; i < ALLOCATIONS; i++)
        if (allocations[i].at == (uint8_t *)(uintptr_t)pointer) {
            used[allocations[i].device] -= allocations[i].size;
            free(allocations[i].at);
            allocations[i].at = NULL;
            return OK;
        }
    return INVALID_VALUE;
}
int cuMemHostAlloc(void **at, size_t size, unsigned flags) { NEEDS_CONTEXT; (void)here; return posix_memalign(at, 4096, size ? size : 1) ? OUT_OF_MEMORY : OK; }
int cuMemFreeHost(void *at) { free(at); return OK; }
int cuPointerGetAttribute(void *value, int attribute, uint64_t pointer) { NEEDS_INIT; *(uint64_t *)value = pointer; return holds(-1, (void *)(uintptr_t)pointer, 1) ? OK : INVALID_VALUE; }

static int moved(void *to, const void *from, size_t size, int to_device, int from_device, void *stream) {
    NEEDS_CONTEXT;
    NEEDS_OWN(stream);
    if (to_device && !holds(from_device ? -1 : here, to, size)) return INVALID_VALUE;
    if (from_device && !holds(to_device ? -1 : here, from, size)) return INVALID_VALUE;
    memmove(to, from, size);
    return OK;
}
#define AT(pointer) ((void *)(uintptr_t)(pointer))
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t size) { return moved(AT(to), from, size, 1, 0, NULL); }
int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t size, void *stream) { return moved(AT(to), from, size, 1, 0, stream); }
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t size) { return moved(to, AT(from), size, 0, 1, NULL); }
int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t size, void *stream) { return moved(to, AT(from), size, 0, 1, stream); }
int cuMemcpyDtoD_v2(uint64_t to, uint64_t from, size_t size) { return moved(AT(to), AT(from), size, 1, 1, NULL); }
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t size, void *stream) { return moved(AT(to), AT(from), size, 1, 1, stream); }
int cuMemsetD8Async(uint64_t to, unsigned char value, size_t size, void *stream) {
    NEEDS_CONTEXT;
    NEEDS_OWN(stream);
    if (!holds(here, AT(to), size)) return INVALID_VALUE;
    memset(AT(to), value, size);
    return OK;
}
int cuMemsetD8_v2(uint64_t to, unsigned char value, size_t size) { return cuMemsetD8Async(to, value, size, NULL); }

int cuStreamCreate(Stream **stream, unsigned flags) { NEEDS_CONTEXT; *stream = malloc(sizeof(Stream)); (*stream)->device = here; return OK; }
int cuStreamSynchronize(Stream *stream) { NEEDS_CONTEXT; NEEDS_OWN(stream); return OK; }
int cuStreamDestroy_v2(Stream *stream) { free(stream); return OK; }
int cuEventCreate(Event **event, unsigned flags) { NEEDS_CONTEXT; (void)here; *event = calloc(1, sizeof(Event)); return OK; }
int cuEventDestroy_v2(Event *event) { free(event); return OK; }
int cuEventRecord(Event *event, void *stream) {
    NEEDS_CONTEXT;
    NEEDS_OWN(stream);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    event->ms = now.tv_sec * 1e3 + now.tv_nsec / 1e6;
    return OK;
}
int cuEventSynchronize(Event *event) { return OK; }
int cuEventElapsedTime(float *ms, Event *first, Event *second) { *ms = (float)(second->ms - first->ms); return OK; }

int cuLinkCreate_v2(unsigned n, void *keys, void *values, void **state) { NEEDS_CONTEXT; (void)here; *state = malloc(1); return OK; }
int cuLinkAddData_v2(void *state, int kind, void *data, size_t size, const char *name, unsigned n, void *keys, void *values) { return strstr(data, ".version") ? OK : INVALID_VALUE; }
int cuLinkComplete(void *state, void **cubin, size_t *size) { *cubin = "cubin"; *size = 6; return OK; }
int cuLinkDestroy(void *state) { free(state); return OK; }
int cuModuleLoadDataEx(Context **module, const void *image, unsigned n, void *keys, void *values) { NEEDS_CONTEXT; *module = malloc(sizeof(Context)); (*module)->device = here; return OK; }
int cuModuleUnload(Context *module) { free(module); return OK; }
int cuModuleGetFunction(Function **function, Context *module, const char *name) {
    *function = malloc(sizeof(Function));
    (*function)->device = module->device;
    snprintf((*function)->name, sizeof (*function)->name, "%s", name);
    return OK;
}
int cuFuncGetAttribute(int *value, int attribute, Function *function) { *value = 0; return OK; }
int cuIpcOpenMemHandle(void *pointer, void *handle, unsigned flags) { return INVALID_VALUE; }

/* numba passes an array as 7 arguments: meminfo, parent, items, bytes of one, data, shape, stride. */
#define DATA(array) (*(uint8_t **)parameters[7 * (array) + 4])
#define BYTES(array) (*(size_t *)parameters[7 * (array) + 2] * *(size_t *)parameters[7 * (array) + 3])
int cuLaunchKernel(Function *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **parameters, void **extra) {
    NEEDS_CONTEXT;
    NEEDS_OWN(stream);
    if (function->device != here) return INVALID_HANDLE;
    if (!gx || !gy || !gz || gy > 65535 || bx * by * bz > 1024 || !bx || !by || !bz) return INVALID_VALUE;
    if (getenv("PLAYED_LOG")) {
        FILE *log = fopen(getenv("PLAYED_LOG"), "a");
        fprintf(log, "%d %u %u %u %u %s\n", here, gx, gy, bx, by, function->name);
        fclose(log);
    }
    if (!holds(here, DATA(0), BYTES(0))) return ILLEGAL_ADDRESS;
    if (strstr(function->name, "5count")) {
        ++*(int32_t *)DATA(0);
    } else if (strstr(function->name, "8checksum")) {
        if (!holds(here, DATA(1), BYTES(1))) return ILLEGAL_ADDRESS;
        uint64_t n = *(uint64_t *)parameters[14], *sums = (uint64_t *)DATA(0);
        for (uint64_t place = 0; 4 * place < n; place++) {
            uint32_t word = 0;
            memcpy(&word, DATA(1) + 4 * place, n - 4 * place < 4 ? n - 4 * place : 4);
            sums[0] += word;
            sums[1] += word * (place + 1) & 0xFFFFFFFFu;
        }
    }
    return OK;
}
