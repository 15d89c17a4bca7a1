/**
 * The pages of the practice.
 */
@NullMarked
package com.example.clinic.web;

import org.jspecify.annotations.NullMarked;
