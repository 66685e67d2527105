// void *loam_step_call(void (*function)(void), void *first, void *second)
//
// Calls function(first, second) with the processor's trap flag set: every
// instruction of it, the last `ret` included, ends in a SIGTRAP. Around it there
// are as many traps as around a function that is a `ret` alone: see step.cc.

#if defined(__x86_64__)
        .text
        .globl  loam_step_call
        .type   loam_step_call, @function
loam_step_call:
        .cfi_startproc
        subq    $8, %rsp  // aligns the stack for the call
        .cfi_adjust_cfa_offset 8
        movq    %rdi, %rax
        movq    %rsi, %rdi
        movq    %rdx, %rsi
        pushfq
        orq     $0x100, (%rsp)
        popfq
        call    *%rax
        pushfq
        andq    $-0x101, (%rsp)
        popfq
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        ret
        .cfi_endproc
        .size   loam_step_call, . - loam_step_call

// A function without any work, to know what the call itself costs.
        .globl  loam_step_nothing
        .type   loam_step_nothing, @function
loam_step_nothing:
        ret
        .size   loam_step_nothing, . - loam_step_nothing
#endif

        .section .note.GNU-stack, "", %progbits
